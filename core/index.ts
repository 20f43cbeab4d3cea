/** The public face of Lodestone: everything that plugins, the server and other programs may use. */

export type { Embeddings } from './clip/batches.ts';
export { withArticle } from './clip/captions.ts';
export type { FileReport } from './clip/check.ts';
export { EMBEDDED } from './clip/folder.ts';
export type { FetchOptions, FetchProgress } from './clip/hub/fetch-model.ts';
export { locateModel } from './clip/hub/index.ts';
export type { GraphSummary, Inspection } from './clip/inspect.ts';
export type { ModelInfo } from './clip/model.ts';
export type { Nearest } from './clip/nearest.ts';
export { decodePicture } from './clip/picture.ts';
export { STOCK_WORDS } from './clip/stock-words.ts';
export { contactSheet } from './contact-sheet.ts';
export { deadline } from './deadline.ts';
export { choleskyOf, solved } from './engine/cholesky.ts';
export {
  type Call,
  type Classified,
  Engine,
  type EngineOptions,
  type RankedPicture,
} from './engine/engine.ts';
export { type Answer, foretold, learnTaste, nextPair, pairKey, type Taste } from './engine/learn-preference.ts';
export type { Neighbours } from './engine/neighbours.ts';
export type { PictureBatch, Unreadable } from './engine/picture-batch.ts';
export { type Finding, type Policy, parsePolicy, readyPolicy } from './engine/policy.ts';
export { type Preference, parsePreference } from './engine/preference.ts';
export { type Crop, type EyeName, type PictureSource, pictureName, pictureTitle } from './engine/requests.ts';
export {
  cosineTable,
  dot,
  jointPercentile,
  meanDirection,
  meanRow,
  percentileAmong,
  probabilities,
  row,
  stacked,
  totalOf,
} from './engine/scores.ts';
export { fill, PHOTO_TEMPLATES } from './engine/templates.ts';
export { type Excess, type Standing, Usual } from './engine/usual.ts';
export {
  type ErrorCode,
  errorCodes,
  failure,
  LodestoneError,
  messageOf,
  type PlainError,
  plainError,
} from './errors.ts';
export { checkPlace, sweepParts, writeAside, writeWhole } from './files.ts';
export { aspectWithin, assembled } from './guidance/assembly.ts';
export {
  beginningOf,
  begunAgain,
  begunAs,
  canvasExtent,
  type DrawContext,
  type Drawer,
  type Drawing,
  defineDrawer,
  drawingSvg,
  forScene,
  onPaper,
  readyDrawer,
  type SharedField,
  type Sizes,
  sizesFor,
  type Values,
} from './guidance/drawer.ts';
export {
  blobs,
  blocks,
  field,
  fourier,
  glyphs,
  inpaint,
  pixels,
  plotter,
  polygons,
  strokes,
  tiles,
} from './guidance/drawers/index.ts';
export { drawers, ownField, ownSettings, rangeOf } from './guidance/drawers/known.ts';
export { layoutsOf } from './guidance/prompt/layout.ts';
export { parsePrompt } from './guidance/prompt/parse.ts';
export { printApart, printPrompt, printTargets } from './guidance/prompt/print.ts';
export type { Region } from './guidance/prompt/regions.ts';
export { textsOf } from './guidance/prompt/texts.ts';
export {
  type Beginning,
  type Direction,
  type GuidanceSettings,
  type GuideEvent,
  type GuideRequest,
  guidanceSettingsSchema,
  heldBy,
  type Prompt,
  type ReadyDrawer,
  type RunRecord,
} from './guidance/protocol.ts';
export { defineLoss, type Loss, type LossContext, readyLoss } from './guidance/pulls/index.ts';
export { plainPulls } from './guidance/pulls/known.ts';
export { channelsOf } from './guidance/svg.ts';
export { begunWith } from './guidance/tryout.ts';
export { darkroom } from './image/darkroom.ts';
export { type Image, image, workImagesWith } from './image/image.ts';
export { listPictures, passedInWords } from './listing.ts';
export { takeLock } from './lock.ts';
export { bareSvg, inFormat, STILLS } from './picture-text.ts';
export { BUILT, isInside, ROOT } from './places.ts';
export { densityOf, linePlot, type Plot, type Series } from './plot.ts';
export { BUILT_IN_PLUGINS } from './plugin/built-in.ts';
export {
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginEngine,
  type PluginStore,
} from './plugin/define.ts';
export type { PluginDescription } from './plugin/description.ts';
export { type Note, noteOf, type PluginEvent, pluginEventSchema } from './plugin/events.ts';
export { FENCES_NETWORK } from './plugin/fence.ts';
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
export type { GenerateRequest } from './plugin/generate.ts';
export { type PluginRun, type RunOptions, runPlugin, ungranted } from './plugin/host.ts';
export { csvOf, fileEvent, reportEvent } from './plugin/kit/csv.ts';
export { guideEvents, lookersOf, type ReadyDrawing, withPictures } from './plugin/kit/guide-events.ts';
export { Inbox } from './plugin/kit/inbox.ts';
export { listed, noneReadable } from './plugin/kit/lists.ts';
export {
  type Box,
  cutHeat,
  type Heat,
  squared,
  thumbnail,
  upright,
  withBoxes,
  withHeat,
} from './plugin/kit/overlay.ts';
export { type PromptTargets, promptTargets } from './plugin/kit/prompt-targets.ts';
export { parsePulls, pullIds, pullNames } from './plugin/kit/pulls.ts';
export { rankedEvents, rankedItem } from './plugin/kit/ranked-events.ts';
export { html, reportPage } from './plugin/kit/report.ts';
export { answers, type ScoredPicture, scoredPictures } from './plugin/kit/scored-pictures.ts';
export { Several } from './plugin/kit/several.ts';
export { jointStanding, standingOf } from './plugin/kit/standing.ts';
export { type Interval, meanInterval, oftenInWords, shareInterval } from './plugin/kit/sureness.ts';
export { changeInWords } from './plugin/kit/told-changes.ts';
export { passedOver, type SeenPictures, seenPictures } from './plugin/kit/unreadable.ts';
export {
  loadRegistry,
  type RegisteredExtension,
  type RegisteredPlugin,
  type Registry,
} from './plugin/registry.ts';
export { decodeCheckpoint, encodeCheckpoint, type Resumable, RunFolder } from './plugin/run-folder.ts';
export { hashOfFile, RunInputs } from './plugin/run-inputs.ts';
export { firstRecipe, parseRecipe, type Recipe, recipeOf } from './plugin/run-record.ts';
export type { HostServices } from './plugin/services.ts';
export { defineSketch } from './plugin/sketch.ts';
export type { Gene, Sketch, SketchCanvas, SketchFrame } from './plugin/sketch-shape.ts';
export { lastPrompt, type Script, type Steer, scriptSchema, steerSchema } from './plugin/steer.ts';
export { unseenIn } from './plugin/unseen.ts';
export { WANTS, type Want, wantsInWords, wantsSchema } from './plugin/wants.ts';
export { yieldCores } from './process/yielding.ts';
export { honourProxies } from './proxy.ts';
export { gaussian, seeded, seedFor } from './random.ts';
export { issuesOf, parsedJson, READ_LIMIT } from './schemas.ts';
export { type Journal, openJournal } from './store/journal.ts';
export { openKept, type Store } from './store/kept.ts';
export { decodeText } from './text-file.ts';
