/** The rows of workers and of the search index. See codes.ts. Pure data. */

export const DELIVERY_EXPLANATIONS = {
  index_mismatch: {
    causes:
      'Redis was restored from an older state, was written to by somebody else, or an entry was pruned from the truth.',
    action: 'Run prov reconcile with --repair --prune. Find out who else may write to that Redis.',
  },
  index_missing: {
    causes: 'Redis lost data, or entries were committed by a prov store for which no index was configured.',
    action: 'Run prov reconcile with --repair, or with --rebuild for an index that is empty.',
  },
  no_worker: {
    causes: 'No worker that serves this backend has given a sign of life in the last ten minutes.',
    action: 'Start prov worker with this backend in --storage, or use --wait so that the command delivers by itself.',
  },
} as const
