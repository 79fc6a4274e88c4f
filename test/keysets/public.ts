/** A publication that every public URL shows at once. */
import type { RotateJob } from '../../src/keysets/rotate-job.ts'

export const PUBLIC: Pick<RotateJob, 'publish' | 'proof' | 'unsafe'> = {
  unsafe: false,
  publish: async () => ({ seq: 1 }),
  proof: async () => {
    const at = new Date().toISOString()
    return { seen: [{ url: 'https://a', at, maxAgeMs: 0 }], missing: [], activates: at }
  },
}
