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

/** How a drawing is made smaller and moved: a point (x, y) of it comes to (left + scale x, top + scale y), all in units of the plane. */
export interface Placing {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** Points (x, y, x, y, …) where `placing` has them. */
export const placedPoints = (points: Float32Array, { scale, left, top }: Placing): Float32Array =>
  points.map((v, i) => scale * v + (i % 2 === 0 ? left : top));
