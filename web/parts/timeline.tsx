/** Under the canvas: what the drawing was on its way, how well it fitted, and the buttons that hold it, take it back and branch off it. */
import { FastForward, GitBranch, History, Pause, Play, StepForward } from 'lucide-preact';
import { useEffect, useRef } from 'preact/hooks';
import { z } from 'zod';
import type { Update } from '../../server/wire.ts';
import { type Chart, createChart } from '../chart.ts';
import { branch, finish, goBack, mayTouch, steer } from '../desk.ts';
import { remembered } from '../remembered.ts';
import { answersInWords, percentOf } from '../run-words.ts';
import { finishing, looking, pluginOf, shown } from '../state.ts';
import { frameAddress, look, steps } from '../trail.ts';

/** As many as stand side by side. */
const THUMBNAILS = 12;

function spread(all: readonly number[]): readonly number[] {
  if (all.length <= THUMBNAILS) return all;
  const last = all.length - 1;
  return Array.from({ length: THUMBNAILS }, (_, i) => all[Math.round((i * last) / (THUMBNAILS - 1))] ?? 0);
}

function Curve() {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  const run = shown.value;
  useEffect(() => {
    if (place.current) chart.current = createChart(place.current);
    return () => chart.current?.clear();
  }, [run?.job]);
  useEffect(() => {
    if (run) chart.current?.add(0, run.chart);
  }, [run?.job, run?.chart]);
  return <div id="chart" role="img" aria-label="How well the picture fits the words, over the run" ref={place} />;
}

const curveOpen = remembered('curve', z.boolean(), false);

/** How well it fits the words by now, in a line; the curve for those who want it. */
function Fit({ run }: { readonly run: Update }) {
  const last = run.chart.at(-1);
  const judged = Object.entries(last?.series ?? {}).filter(([name]) => !name.includes(' ('));
  const said = judged
    .map(([name, value]) => {
      const standing = last?.percentiles?.[name];
      const among = standing === undefined ? '' : `, better than ${percentOf(standing)}`;
      return `${name} ${value.toFixed(3)}${among}`;
    })
    .join(' · ');
  return (
    <details
      class="fit"
      open={curveOpen.value}
      onToggle={(event) => {
        curveOpen.value = event.currentTarget.open;
      }}
    >
      <summary title="The cosine with the words, and the percent of everyday words that fit it less">
        How well it fits{said && `: ${said}`}
      </summary>
      {curveOpen.value && <Curve />}
    </details>
  );
}

function Transport() {
  const run = shown.value;
  if (!run) return null;
  const running = run.state === 'running';
  const touches = mayTouch(run);
  // What is named is drawn before the run itself: it can be held, and there is no way back into it.
  const choosing = running && run.progress?.label !== undefined;
  const back = looking.value;
  const at = back ?? run.progress?.done ?? 0;
  return (
    <fieldset id="transport" aria-label="Run">
      {running && touches && run.progress && (
        <>
          <button
            type="button"
            id="hold"
            aria-pressed={run.paused}
            onClick={() => void steer({ control: run.paused ? 'go' : 'pause' })}
          >
            {run.paused ? <Play size={16} aria-hidden="true" /> : <Pause size={16} aria-hidden="true" />}
            <span>{run.paused ? 'Go on' : 'Pause'}</span>
          </button>
          {!choosing && (
            <button
              type="button"
              id="step"
              disabled={!run.paused}
              title="One step"
              onClick={() => void steer({ control: 'step' })}
            >
              <StepForward size={16} aria-hidden="true" />
              <span>One step</span>
            </button>
          )}
          {!choosing && (
            <button
              type="button"
              id="finish"
              title="End it here, with its picture"
              disabled={finishing.value === run.job}
              onClick={() => void finish()}
            >
              <FastForward size={16} aria-hidden="true" />
              <span>{finishing.value === run.job ? 'Finishing…' : 'Finish now'}</span>
            </button>
          )}
        </>
      )}
      {back !== undefined && running && touches && !choosing && (
        <button type="button" id="rewind" title="What came later is forgotten" onClick={() => void goBack(back)}>
          <History size={16} aria-hidden="true" />
          <span>Go back here</span>
        </button>
      )}
      {run.branches && !choosing && (
        <button
          type="button"
          id="branch"
          disabled={running && !run.paused && back === undefined}
          title="Another run that begins as this one was at that step, with the words on the left"
          onClick={() => void branch(at)}
        >
          <GitBranch size={16} aria-hidden="true" />
          <span>Branch here</span>
        </button>
      )}
      {back !== undefined && (
        <button type="button" id="now" onClick={() => look(undefined)}>
          Back to now
        </button>
      )}
    </fieldset>
  );
}

/** What was changed of the run, where it was. */
function Marks({ run, total }: { readonly run: Update; readonly total: number }) {
  const marks = run.marks ?? [];
  return (
    <ol class="marks" aria-label="What was changed">
      {marks.map(({ step, text }) => (
        <li key={`${step} ${text}`} style={{ left: `${(100 * step) / total}%` }}>
          <button
            type="button"
            title={`${step}: ${text}`}
            aria-label={`Step ${step}: ${text}`}
            onClick={() => look(step)}
          />
        </li>
      ))}
    </ol>
  );
}

export function Timeline() {
  const run = shown.value;
  const steerable = pluginOf(run)?.steerable ?? false;
  if (!run || !steerable || run.state === 'waiting') return null;
  const total = Math.max(1, run.progress?.total ?? 1);
  const at = looking.value ?? run.progress?.done ?? 0;
  if (answersInWords(run))
    return (
      <section id="timeline" aria-label="Timeline">
        <Transport />
      </section>
    );
  return (
    <section id="timeline" aria-label="Timeline">
      <ol class="thumbnails" style={{ width: `${Math.round((100 * Math.max(...steps.value, 0)) / total)}%` }}>
        {spread(steps.value).map((step) => (
          <li key={step}>
            <button
              type="button"
              aria-label={`Look at step ${step}`}
              aria-current={looking.value === step}
              onClick={() => look(step)}
            >
              <img src={frameAddress(run.job, step)} alt="" loading="lazy" width={44} height={44} />
            </button>
          </li>
        ))}
      </ol>
      <input
        id="back"
        type="range"
        aria-label="Step that is looked at"
        aria-valuetext={`step ${at} of ${total}`}
        min={0}
        max={total}
        value={at}
        disabled={steps.value.length === 0}
        onInput={(event) => look(event.currentTarget.valueAsNumber)}
      />
      <Marks run={run} total={total} />
      <Transport />
      <p class="quiet latest" title={run.notes.join('\n')}>
        {run.notes.at(-1)}
      </p>
      <Fit run={run} />
    </section>
  );
}
