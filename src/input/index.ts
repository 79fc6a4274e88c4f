/** Input: from paths to runs, and from runs to the images in them. */

export { imagesOf, type RunImages } from './images.ts'
export { type LoadOptions, loadInputs } from './load.ts'
export type { LoadedInput } from './runs.ts'
export { selectRuns } from './select.ts'
