/** Who steers a scene whose things are drawn one by one: holding reaches the thing that is being drawn, all else waits until they are put together. */
import { failure, type PluginContext } from '../../core/index.ts';

type Listener = Parameters<PluginContext['onSteer']>[0];
type Steer = Parameters<Listener>[0];
const HOLDS = ['pause', 'go', 'step'] as const;

export class SceneSteering {
  /** The run of the thing that is being drawn. */
  running: string | undefined;
  /** The context of what they are drawn on as: it hears what has waited. */
  readonly context: PluginContext;
  /** Ends the listening; who still waits is told that it is over. */
  readonly end: () => void;
  /** They are put together: what has waited is heard. */
  readonly begun: () => void;
  private readonly engine: PluginContext['engine'];
  private readonly listener: Promise<Listener>;

  constructor(context: PluginContext) {
    this.engine = context.engine;
    let found: (listener: Listener) => void = () => undefined;
    this.listener = new Promise((resolve) => {
      found = resolve;
    });
    const stop = context.onSteer((steer) => this.heard(steer));
    let asked: Listener = () => {
      throw failure('STEER_INVALID', { what: 'it has ended' });
    };
    this.context = {
      ...context,
      onSteer: (listener) => {
        asked = listener;
        return () => undefined;
      },
    };
    this.begun = () => found(asked);
    this.end = () => {
      stop();
      this.begun();
    };
  }

  private async heard(steer: Steer): Promise<void> {
    const kind = HOLDS.find((hold) => hold === steer.control);
    if (this.running !== undefined && kind) await this.engine.steer({ run: this.running, command: { kind } });
    else await (await this.listener)(steer);
  }
}
