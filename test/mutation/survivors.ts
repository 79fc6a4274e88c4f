/** Mutants that no test notices, each with its reason: most mean the same. Named by file and change, so that lines may move. */
export const SURVIVORS: readonly { readonly file: string; readonly change: string; readonly reason: string }[] = []
