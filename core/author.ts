/** What authors of plugins, drawers, pulls and sketches write with: `import { defineDrawer } from 'lodestone/plugin'`. */

export { type PictureSource, pictureName } from './engine/requests.ts';
export { cosineTable, dot, meanDirection, row, stacked } from './engine/scores.ts';
export { failure, LodestoneError } from './errors.ts';
export type { Trace } from './graph/index.ts';
export type { Tensor } from './graph/tensor.ts';
export {
  type DrawContext,
  type Drawer,
  type Drawing,
  type Drawn,
  defineDrawer,
  type SharedField,
  type Values,
} from './guidance/drawer.ts';
export {
  layered,
  logit,
  middles,
  named,
  pixelPlaces,
  pixelSide,
  sigmoid,
  softness,
  undecided,
} from './guidance/drawers/layers.ts';
export { opaque, smoothness } from './guidance/drawers/opaque.ts';
export { filled, finishOf, settled, shapeParameters } from './guidance/drawers/shape-parameters.ts';
export { type Placing, type Plane, placedPoints } from './guidance/plane.ts';
export { parsePrompt } from './guidance/prompt/parse.ts';
export type { DrawerParameter } from './guidance/protocol.ts';
export { defineLoss as definePull, type Loss as Pull, type LossContext as PullContext } from './guidance/pulls/loss.ts';
export { planesOf, rasterSchema } from './guidance/raster.ts';
export { channelsOf, point, type SvgShape } from './guidance/svg.ts';
export { image } from './image/image.ts';
export { densityOf, linePlot } from './plot.ts';
export { definePlugin, type Plugin, type PluginContext } from './plugin/define.ts';
export { noteOf, type PluginEvent } from './plugin/events.ts';
export {
  aspectField,
  aspectOf,
  type FieldMeta,
  picturesField,
  promptField,
  seedField,
  sizeField,
  stepsField,
} from './plugin/fields.ts';
export { csvOf, fileEvent, reportEvent } from './plugin/kit/csv.ts';
export { guideEvents, lookersOf } from './plugin/kit/guide-events.ts';
export { Inbox } from './plugin/kit/inbox.ts';
export { squared, thumbnail, withBoxes, withHeat } from './plugin/kit/overlay.ts';
export { promptTargets } from './plugin/kit/prompt-targets.ts';
export { rankedEvents, rankedItem } from './plugin/kit/ranked-events.ts';
export { html, reportPage } from './plugin/kit/report.ts';
export { scoredPictures } from './plugin/kit/scored-pictures.ts';
export { meanInterval, oftenInWords, shareInterval } from './plugin/kit/sureness.ts';
export { passedOver, seenPictures } from './plugin/kit/unreadable.ts';
export { defineSketch } from './plugin/sketch.ts';
export type { Gene, Sketch, SketchCanvas, SketchFrame } from './plugin/sketch-shape.ts';
export { gaussian, seeded, seedFor } from './random.ts';
