/** Pictures on a plane: as many are shown as there is room for, all others are dots; whoever comes closer sees more. */
import createPanzoom, { type PanzoomObject } from '@panzoom/panzoom';
import { Maximize, Minus, Plus } from 'lucide-preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { mapSchema, type PictureMap, type Update } from '../../server/wire.ts';
import { view } from '../state.ts';
import { IconButton } from './icons.tsx';
import { shortName } from './pictures-field.tsx';

/** Pixels that a picture takes, and how many are shown at once. */
const TILE = 58;
const LARGEST = 130;
const MOST = 400;
/** Share of the plane that stays free around the pictures. */
const MARGIN = 0.06;
const MOST_ZOOM = 40;
/** Half of what a signpost takes, in pixels, about. */
const POST = { width: 30, height: 9 };
/** Pixels by which a hand may tremble in a click. */
const STILL = 5;

interface Looking {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}
interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where on the screen a place of the plane is. Panzoom scales about the middle, and moves in units of before. */
const screenOf = ({ width, height, scale, x, y }: Looking, at: Point): Point => ({
  x: width / 2 + scale * (width * (MARGIN + (1 - 2 * MARGIN) * at.x - 0.5) + x),
  y: height / 2 + scale * (height * (MARGIN + (1 - 2 * MARGIN) * at.y - 0.5) + y),
});

interface Tile extends Point {
  readonly index: number;
}
/** They grow as one comes closer, half as fast as what lies between them. */
const tileOf = ({ scale }: Looking): number => Math.min(LARGEST, TILE * Math.sqrt(scale));
/** Those within sight that do not lie on one another, and where all others are. */
function thinned(points: PictureMap['points'], looking: Looking): { readonly tiles: Tile[]; readonly dots: Point[] } {
  const [tiles, dots]: [Tile[], Point[]] = [[], []];
  const taken = new Set<string>();
  const size = tileOf(looking);
  points.forEach((point, index) => {
    const at = screenOf(looking, point);
    if (at.x < -size || at.y < -size || at.x > looking.width + size || at.y > looking.height + size) return;
    const [column, row] = [Math.floor(at.x / size), Math.floor(at.y / size)];
    const cell = `${column} ${row}`;
    if (taken.has(cell) || tiles.length >= MOST) {
      dots.push(at);
      return;
    }
    taken.add(cell);
    tiles.push({ index, ...at });
  });
  return { tiles, dots };
}

/** Where a signpost stands: at its place, or beside it where no picture lies, as near as there is room. */
function free(at: Point, tiles: readonly Tile[], size: number): Point {
  const lies = ({ x, y }: Point): boolean =>
    tiles.some((tile) => Math.abs(tile.x - x) < size / 2 + POST.width && Math.abs(tile.y - y) < size / 2 + POST.height);
  const around = [0, -1, 1, -2, 2].flatMap((row) => [0, -1, 1, -2, 2].map((column) => ({ row, column })));
  const near = around.sort((a, b) => Math.hypot(a.row, a.column) - Math.hypot(b.row, b.column));
  const places = near.map(({ row, column }) => ({ x: at.x + column * size * 0.5, y: at.y + row * size * 0.5 }));
  return places.find((place) => !lies(place)) ?? at;
}

function useMap(job: string, told: Update['map']): PictureMap | undefined {
  const [map, setMap] = useState<PictureMap | undefined>(undefined);
  useEffect(() => {
    let stale = false;
    void fetch(`jobs/${encodeURIComponent(job)}/map`)
      .then(async (answer) => mapSchema.safeParse(await answer.json()).data)
      .then((found) => {
        if (!stale) setMap(found);
      })
      .catch(() => undefined);
    return () => {
      stale = true;
    };
  }, [job, told]);
  return map;
}

export function Atlas({ run }: { readonly run: Update }) {
  const area = useRef<HTMLDivElement>(null);
  const mover = useRef<HTMLDivElement>(null);
  const dots = useRef<HTMLCanvasElement>(null);
  const panzoom = useRef<PanzoomObject | undefined>(undefined);
  const pressed = useRef<Point>({ x: 0, y: 0 });
  const [looking, setLooking] = useState<Looking>({ width: 0, height: 0, scale: 1, x: 0, y: 0 });
  const map = useMap(run.job, run.map);
  useEffect(() => {
    const { current: element } = area;
    const { current: moved } = mover;
    if (!element || !moved) return undefined;
    const made = createPanzoom(moved, { canvas: true, minScale: 1, maxScale: MOST_ZOOM, animate: false, step: 0.25 });
    panzoom.current = made;
    const look = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      setLooking({ width, height, scale: made.getScale(), ...made.getPan() });
    };
    const onWheel = (event: WheelEvent): void => void made.zoomWithWheel(event);
    element.addEventListener('wheel', onWheel, { passive: false });
    moved.addEventListener('panzoomchange', look);
    const sized = new ResizeObserver(look);
    sized.observe(element);
    return () => {
      element.removeEventListener('wheel', onWheel);
      moved.removeEventListener('panzoomchange', look);
      sized.disconnect();
      made.destroy();
    };
  }, []);
  const shown = useMemo(() => thinned(map?.points ?? [], looking), [map, looking]);
  useEffect(() => {
    const { current } = dots;
    const context = current?.getContext('2d');
    if (!current || !context) return;
    Object.assign(current, { width: looking.width, height: looking.height });
    context.fillStyle = getComputedStyle(current).color;
    for (const { x, y } of shown.dots) {
      context.beginPath();
      context.arc(x, y, 2, 0, 2 * Math.PI);
      context.fill();
    }
  }, [shown]);
  const tile = 0.9 * tileOf(looking);
  return (
    <section id="atlas" aria-label={run.map?.title ?? 'Atlas'}>
      <div
        class="area"
        ref={area}
        onPointerDownCapture={(event) => {
          pressed.current = { x: event.clientX, y: event.clientY };
        }}
      >
        <canvas ref={dots} role="img" aria-label={`${map?.points.length ?? 0} pictures; what has no room is a dot`} />
        <div class="mover" ref={mover} />
        {shown.tiles.map(({ index, x, y }) => {
          const name = shortName(map?.points[index]?.picture ?? '');
          return (
            <button
              key={index}
              type="button"
              title={name}
              style={{ left: `${x}px`, top: `${y}px`, width: `${tile}px`, height: `${tile}px` }}
              onClick={(event) => {
                // Whoever drags the plane by a picture does not mean the picture.
                const far = Math.hypot(event.clientX - pressed.current.x, event.clientY - pressed.current.y);
                if (event.detail === 0 || far <= STILL)
                  view({ name, title: name, url: `/jobs/${run.job}/map/${index}/picture` });
              }}
            >
              <img src={`jobs/${run.job}/map/${index}`} alt={name} loading="lazy" draggable={false} />
            </button>
          );
        })}
        {map?.signposts.map((post) => {
          const { x, y } = free(screenOf(looking, post), shown.tiles, tile);
          return (
            <b key={post.text} style={{ left: `${x}px`, top: `${y}px` }}>
              {post.text}
            </b>
          );
        })}
      </div>
      <div class="tools" role="toolbar" aria-label="Atlas tools">
        <span class="zooms">
          <IconButton icon={Minus} name="Further away" onClick={() => void panzoom.current?.zoomOut()} />
          <IconButton icon={Maximize} name="All of it" onClick={() => void panzoom.current?.reset()} />
          <IconButton icon={Plus} name="Closer" onClick={() => void panzoom.current?.zoomIn()} />
        </span>
      </div>
    </section>
  );
}
