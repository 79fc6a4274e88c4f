/** `prov store --key journal:`: signs with the active key of the journal that the settings name. */
import type { Settings } from '../../../config/settings.ts'
import { givenPassword, passwordSource } from '../../../keys/password.ts'
import { journalNow } from '../../../keysets/changed.ts'
import { openEarly, openNamed } from '../../../keysets/early-key.ts'
import { heldIn, notHeld } from '../../../keysets/held.ts'
import { activeOf, journalSigner, journalTrust } from '../../../keysets/signer.ts'
import type { Io } from '../../../platform/io.ts'
import { keyStoreOf, openJournals } from '../../../setup/journal.ts'
import { joinTrust } from '../../../trust/trusted-keys.ts'
import { warn, worldOf } from '../../world.ts'
import type { StoreOptions } from './flags.ts'
import { givenTrust, type Signing } from './signing.ts'

/** Throws `journal_inactive` where no key may sign, before anything is looked at. A dry run opens no private key. */
export async function journalSigning(settings: Settings, options: StoreOptions, io: Io): Promise<Signing> {
  const world = worldOf(io, options)
  const store = keyStoreOf(settings, world)
  const question = `Password of the keys in ${store.location}: `
  const password = passwordSource({ file: options.passwordFile, env: io.env, question })
  const isGiven = givenPassword({ file: options.passwordFile, env: io.env }) !== undefined
  const isEarly = isGiven && options.dryRun !== true
  const openKey = isEarly ? openEarly(store, password) : openNamed(store, password)
  const open = await openJournals(settings, world, store)
  const { journals } = open
  try {
    const state = await journalNow(journals, await open.find())
    const { n } = activeOf(
      state.keys.find(({ status }) => status === 'active'),
      state,
    )
    const stored = await store.list()
    for (const { n: odd } of heldIn(state, stored).loose) {
      if (odd === n) throw notHeld(odd, state, store.location)
      warn(io, options, `key ${odd} of the journal is not in the key store: what it signed does not count as ours`)
    }
    const joined = givenTrust(options, io).then((given) => joinTrust([journalTrust(state, stored), ...given]))
    const trust = () => joined
    const signer = journalSigner({ journals, journal: state, store, open: openKey, trust, now: () => io.now() })
    joined.catch(() => undefined) // said when it is needed
    if (isEarly) signer.ready().catch(() => undefined)
    return { signer: async () => signer, trust, close: () => open.close() }
  } catch (thrown) {
    await open.close()
    throw thrown
  }
}
