/** The plane that is drawn on, in units that make its area one: x goes right from 0 to `width`, y down from 0 to `height`. */
export interface Plane {
  readonly height: number;
  readonly width: number;
}

/** Of a canvas, in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}
