/** The work of every command, as one module: one file to load whichever command runs, instead of a dozen small ones that they share. */
export { runCheck, runSchema, runShow } from './run-config.ts'
export { runDoctor } from './run-doctor.ts'
export { runGet } from './run-get.ts'
export { runGenerate } from './run-keys.ts'
export { runList } from './run-list.ts'
export { runPayload } from './run-payload.ts'
export { runStore } from './run-store.ts'
export { runVerify } from './run-verify.ts'
