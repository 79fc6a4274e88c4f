/**
 * `prov/conformance`: the suite that defines a backend, for backends that live elsewhere. It runs in any test framework; `prov conform`
 * runs the same cases. The build makes it dist/conformance.js: it stays in test/, beside the tests of prov's own backends, since those
 * and everybody else's must be judged by one suite.
 *
 * @example
 * import test from 'node:test'
 * import { conformanceCases, sampleImage, sampleRun } from 'prov/conformance'
 * const image = sampleImage('registry.example/acme/app', 'app')
 * const rig = () => ({
 *   run: sampleRun('build-1', image),
 *   image,
 *   otherImage: sampleImage('registry.example/acme/other', 'other'),
 *   open: () => myBackend(freshFolder()),
 * })
 * for (const { title, run } of conformanceCases({ rig, gaps: [] })) test(title, run)
 */
export { type Case, conformanceCases } from './cases.ts'
export { type Gap, type Gaps, LINES, type Line, type Shows } from './lines.ts'
export type { BackendModule, OwnRig } from './module.ts'
export type { Conformance, Fault, Rig } from './rig.ts'
export {
  aboutOf,
  oddlySpelled,
  type SignedLook,
  type StatementLook,
  sampleEntry,
  sampleImage,
  sampleRun,
  signed,
  simplesigning,
  statement,
} from './samples.ts'
export { CannotTry } from './scene.ts'
