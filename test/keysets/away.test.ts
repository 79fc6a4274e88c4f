/** PostgreSQL away at each step of a rotation: what was done stays, nothing is half done, and the next run goes on. */
import { expect, it } from 'vitest'
import { compare } from '../../src/keysets/compare.ts'
import { keysOf } from '../../src/keysets/find.ts'
import { journalsIn } from '../../src/keysets/journal-sql.ts'
import { rotate } from '../../src/keysets/run-steps.ts'
import { openDatabase } from '../../src/truth/open.ts'
import { describeWith } from '../servers/endpoints.ts'
import { emptyStore, journalFor, journalRig, rotateJob } from '../support/journal.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { PUBLIC } from './public.ts'

const STEPS = ['intend', 'make', 'record', 'publish', 'prove'] as const

describeWith(['postgresql'], 'with the server away', () => {
  it.each(STEPS)('after %s', { timeout: 60_000 }, async (last) => {
    const rig = await journalRig('postgres')
    const url = new URL(rig.place.url)
    const proxy = await startTcpProxy(url.host)
    url.host = proxy.endpoint
    const journals = journalsIn(await openDatabase({ ...rig.place, url: url.href }, { make: false }))
    try {
      const store = emptyStore()
      const journal = await journalFor(rig.journals, store)
      const job = { ...rotateJob(journals, journal, store), ...PUBLIC }
      const cut = rotate({ ...job, told: ({ step }) => (step === last ? proxy.use('cut') : undefined) })
      await expect(cut).rejects.toMatchObject({ code: 'unreachable' })
      const files = (await store.list()).length
      for (let again = 0; again < 3; again += 1)
        await expect(rotate(job)).rejects.toMatchObject({ code: 'unreachable' })
      expect(await store.list()).toHaveLength(files)
      proxy.use('pass')
      const { state, steps } = await rotate(job)
      expect(steps.at(-1)?.step).toBe('activate')
      expect(state.keys.map(({ n, status }) => `${n} ${status}`)).toEqual(['1 active'])
      expect(compare(state, await keysOf(store))).toEqual([])
    } finally {
      await journals.close()
      await proxy.close()
      await rig.close()
    }
  })
})
