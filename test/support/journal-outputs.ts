/** Real outputs of the commands that work on a key journal, good and bad. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SchemaName } from '../../src/report/schemas/index.ts'
import type { Output } from './outputs.ts'
import { PUBLIC_KEY } from './runs.ts'
import { scratch } from './scratch.ts'
import { ask, sql, type TruthPlace, truthPlace } from './truth-outputs.ts'

type JournalSchema = Extract<
  SchemaName,
  `keys-${'init' | 'rotate' | 'journal' | 'import' | 'prune' | 'revoke' | 'doctor'}`
>

interface Place extends TruthPlace {
  keys(command: string, ...more: readonly string[]): Promise<Output>
}

async function place(): Promise<Place> {
  const at = truthPlace()
  const folder = join(scratch(), 'keys')
  mkdirSync(folder)
  await ask('truth', 'init', ...at.truth)
  return { ...at, keys: (...args) => ask('keys', ...args, ...at.truth, '--store', `folder:${folder}`) }
}

/** With an active key. */
async function ready(): Promise<Place> {
  const at = await place()
  await at.keys('init')
  await at.keys('rotate', '--unsafe')
  return at
}

async function kidOf({ keys }: Place): Promise<string> {
  const { stdout } = await keys('journal')
  return String((JSON.parse(stdout) as { readonly keys: readonly { readonly kid?: string }[] }).keys[0]?.kid)
}

const DAMAGE = "UPDATE journal_key SET spki = x'00'"

/** By schema: everything that its command printed. */
export const JOURNAL_OUTPUTS: Readonly<Record<JournalSchema, () => Promise<readonly Output[]>>> = {
  async 'keys-init'() {
    const { keys } = await place()
    return [await keys('init'), await keys('init', '--name', 'eu'), await ask('keys', 'init')]
  },
  async 'keys-rotate'() {
    const [at, { keys: none }] = [await place(), await place()]
    await at.keys('init')
    const said = [
      await at.keys('rotate'),
      await at.keys('rotate', '--unsafe'),
      await at.keys('rotate', '--step', 'prepare'),
    ]
    sql(at, "UPDATE journal_key SET status = 'published', activates = 9000000000000 WHERE n = 2")
    said.push(await at.keys('rotate'), await at.keys('rotate', '--step', 'activate'))
    sql(at, DAMAGE)
    return [...said, await at.keys('rotate'), await none('rotate')]
  },
  async 'keys-journal'() {
    const at = await ready()
    const said = [await at.keys('journal'), await at.keys('journal', '--events', '9')]
    await at.keys('revoke', await kidOf(at), '--since', '1d', '--reason', 'a test')
    said.push(await at.keys('journal'))
    sql(at, DAMAGE)
    return [...said, await at.keys('journal'), await (await place()).keys('journal')]
  },
  async 'keys-import'() {
    const { keys } = await place()
    await keys('init')
    const file = join(scratch(), 'journal.json')
    writeFileSync(file, (await (await ready()).keys('journal')).stdout)
    const from = (path: string): Promise<Output> => keys('import', '--from', path)
    return [await from(PUBLIC_KEY), await from(PUBLIC_KEY), await from(file), await from('nowhere')]
  },
  async 'keys-prune'() {
    const at = await ready()
    sql(at, "UPDATE journal_key SET status = 'retired'")
    const said = [await at.keys('prune', '--dry-run'), await at.keys('prune')]
    sql(at, DAMAGE)
    return [...said, await at.keys('prune'), await at.keys('prune', '--events-older-than', 'odd')]
  },
  async 'keys-revoke'() {
    const at = await ready()
    const revoke = async (kid: string): Promise<Output> => at.keys('revoke', kid, '--since', '1d', '--reason', 'a test')
    const kid = await kidOf(at)
    const said = [await revoke(kid), await revoke(kid), await revoke('odd')]
    sql(at, DAMAGE)
    return [...said, await revoke(kid)]
  },
  async 'keys-doctor'() {
    const at = await ready()
    const said = [await at.keys('doctor')]
    sql(at, DAMAGE)
    return [
      ...said,
      await at.keys('doctor'),
      await (await place()).keys('doctor'),
      await ask('keys', 'doctor', '--set', 'odd'),
    ]
  },
}
