/** Mutants that no test notices, each with its reason: most mean the same. Named by file and change, so that lines may move. */
export const SURVIVORS: readonly { readonly file: string; readonly change: string; readonly reason: string }[] = [
  {
    file: 'src/provenance/same-run.ts',
    change: "false → true in: for (const deepInspection of run.kind === 'TaskRun' ? [false] : [false, true]) {",
    reason: 'the same: deep inspection says nothing of a TaskRun, which has no TaskRuns of its own',
  },
  {
    file: 'src/provenance/same-run.ts',
    change: "&& → || in: if (thrown instanceof ProvError && thrown.code !== 'internal') return undefined",
    reason: 'differs for a defect of prov alone, which no test can bring about',
  },
  {
    file: 'src/provenance/same-run.ts',
    change: "|| → && in: if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return false (2)",
    reason: 'the same: what is not there is undefined, which equals nothing that a Statement can say',
  },
  {
    file: 'src/provenance/slot-names.ts',
    change: "&& → || in: return typeof value === 'object' && value !== null ? (value as Fields) : {}",
    reason: 'the same: what is spread of a text or of nothing has none of the names that are asked for',
  },
]
