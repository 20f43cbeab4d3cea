/** The centre: the canvas with all that lies over it, and what a run says beside its picture. */
import { Expand, Maximize, Minus, Plus } from 'lucide-preact';
import { useEffect, useRef } from 'preact/hooks';
import { begin, set } from '../desk.ts';
import { canvas, drawn, isEmpty, ratio, step } from '../easel.ts';
import { reading } from '../reading.ts';
import { answersInWords } from '../run-words.ts';
import { chosen, connected, shown } from '../state.ts';
import { exploring } from '../wall.ts';
import { attachZoom, fit, fullScreen, zoomIn, zoomOut } from '../zoom.ts';
import { Brushes } from './brushes.tsx';
import { IconButton } from './icons.tsx';
import { LayoutBoxes } from './layout-boxes.tsx';
import { Overlay } from './overlay.tsx';
import { PlacingArea, PlacingTool } from './placing.tsx';
import { Results } from './results.tsx';
import { Status } from './status.tsx';
import { Timeline } from './timeline.tsx';
import { WallOfTiles } from './wall.tsx';

const EXAMPLES = [
  { prompt: 'a red fox in the snow', drawer: 'strokes' },
  { prompt: 'a lighthouse at night', drawer: 'polygons' },
  { prompt: 'a snail', drawer: 'plotter' },
  { prompt: 'a sunflower', drawer: 'blobs' },
] as const;

function Empty() {
  if (!isEmpty.value || shown.value || reading.value?.parts?.some(({ place }) => place)) return null;
  return (
    <div id="empty" class="panzoom-exclude">
      <p>Say what you would like to see, and press Go. Or begin with one of these:</p>
      {chosen.value?.id === 'guide' && (
        <ul>
          {EXAMPLES.map(({ prompt, drawer }) => (
            <li key={prompt}>
              <button
                type="button"
                disabled={!connected.value}
                onClick={() => {
                  set('prompt', prompt);
                  set('drawer', drawer);
                  void begin();
                }}
              >
                <img src={`drawers/${drawer}.webp`} alt="" width={40} height={40} />
                {prompt}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Stage() {
  const moving = useRef<HTMLDivElement>(null);
  useEffect(() => (moving.current ? attachZoom(moving.current) : undefined), []);
  const run = shown.value;
  const hidden = run !== undefined && answersInWords(run) && isEmpty.value;
  return (
    <section id="stage" aria-label="Canvas">
      {exploring.value && <WallOfTiles />}
      <div id="easel" hidden={hidden || exploring.value} style={{ '--ratio': String(ratio.value) }}>
        <div class="moving" ref={moving}>
          <figure>
            <canvas
              id="canvas"
              role="img"
              aria-label={shown.value ? `The drawing: ${shown.value.title}` : 'Nothing is drawn yet'}
              width={512}
              height={512}
              data-frames={drawn.value}
              data-step={step.value}
              ref={(element) => canvas.attach(element)}
            />
            <LayoutBoxes />
            <Overlay />
            <PlacingArea />
          </figure>
        </div>
        <Empty />
        <div class="tools panzoom-exclude" role="toolbar" aria-label="Canvas tools">
          <Brushes />
          <PlacingTool />
          <span class="zooms">
            <IconButton icon={Minus} name="Smaller" shortcut="-" onClick={zoomOut} />
            <IconButton icon={Maximize} name="Fit" shortcut="0" onClick={fit} />
            <IconButton icon={Plus} name="Larger" shortcut="+" onClick={zoomIn} />
            <IconButton icon={Expand} name="Full screen" shortcut="F" onClick={fullScreen} />
          </span>
        </div>
      </div>
      {!exploring.value && <Results grows={hidden} />}
      {!exploring.value && <Timeline />}
      <Status />
    </section>
  );
}
