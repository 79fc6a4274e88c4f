import { beforeAll, describe, expect, test } from 'vitest'
import type { About, Found } from '../../src/backend/backend.ts'
import type { Reading } from '../../src/copies/read-copies.ts'
import type { Entry } from '../../src/model/entry.ts'
import type { KeySigner } from '../../src/signing/signer.ts'
import type { Trust } from '../../src/trust/trust.ts'
import { agree, type Row } from '../../src/verify/agree.ts'
import { verdictOf } from '../../src/verify/verdict.ts'
import {
  aboutImage,
  aboutRun,
  attest,
  imageOf,
  item,
  reading,
  signer,
  signImage,
  slot,
  taskRun,
  trustOf,
} from '../support/makers.ts'

const run = taskRun('build-a')
const other = taskRun('build-b', { image: 'build-a', start: '2026-11-18T10:00:00Z' }) // another run on the same image
const about = aboutRun(run)
let ours: KeySigner
let theirs: KeySigner
let trust: Trust
let good: Entry

beforeAll(async () => {
  ours = await signer()
  theirs = await signer()
  trust = trustOf(ours)
  good = await attest(run, ours)
})

interface Verdict {
  readonly marks: string
  readonly codes: readonly (string | undefined)[]
  readonly exit: number
  readonly strangers: number
  readonly rows: readonly Row[]
}

function verdict(
  readings: readonly Reading[],
  demands: Partial<Parameters<typeof verdictOf>[1]> = {},
  of: About = about,
): Verdict {
  const agreement = agree(of, readings, () => [])
  const { exit } = verdictOf(agreement, { optional: [], strict: false, ...demands })
  return {
    marks: agreement.rows.map((row) => row.mark).join(''),
    codes: agreement.rows.map((row) => row.error?.code),
    exit,
    strangers: agreement.strangers.length,
    rows: agreement.rows,
  }
}

const one = (items: readonly Found[], backend = 'tekton', of: About = about): Reading =>
  reading(of, backend, 'one', items, trust)
const many = (items: readonly Found[], backend = 'oci', of: About = about): Reading =>
  reading(of, backend, 'many', items, trust)
const down = (backend = 'oci'): Reading => ({
  backend,
  slot: slot(backend, 'many'),
  error: { code: 'unreachable', message: 'down' },
})
const notKept: Reading = { backend: 'docs' }

function bent(entry: Entry, change: (text: string) => string): Entry {
  return { ...entry, payload: Buffer.from(change(Buffer.from(entry.payload).toString())) }
}

describe('marks and exit codes', () => {
  test('two equal copies: = =, 0', () => {
    expect(verdict([one([item(good)]), many([item(good)])])).toMatchObject({ marks: '==', exit: 0, strangers: 0 })
  })

  test('one copy gone: +, 5; optional or enough others: reported, 0', () => {
    const readings = [one([item(good)]), many([])]
    expect(verdict(readings)).toMatchObject({ marks: '=+', exit: 5, codes: [undefined, 'absent'] })
    expect(verdict(readings, { optional: ['oci'] })).toMatchObject({ marks: '=+', exit: 0 })
    expect(verdict(readings, { require: 1 })).toMatchObject({ marks: '=+', exit: 0 })
    expect(verdict(readings, { require: 2 })).toMatchObject({ exit: 5 })
  })

  test('a backend down: !, 6, forgiven like an absent one', () => {
    expect(verdict([one([item(good)]), down()])).toMatchObject({
      marks: '=!',
      exit: 6,
      codes: [undefined, 'unreachable'],
    })
    expect(verdict([one([item(good)]), down()], { optional: ['oci'] }).exit).toBe(0)
  })

  test('nothing checked is never success', () => {
    expect(verdict([one([]), many([])], { optional: ['tekton', 'oci'] }).exit).toBe(5)
    expect(verdict([one([]), down()], { optional: ['tekton', 'oci'] }).exit).toBe(6)
    expect(verdict([notKept]).exit).toBe(5)
    expect(verdict([notKept, many([])], { optional: ['oci'] }).exit).toBe(5)
  })

  test('a backend that does not keep it: x, 0', () => {
    expect(verdict([one([item(good)]), notKept])).toMatchObject({ marks: '=x', exit: 0 })
  })

  test('altered payload, altered signature, foreign key: #, 3, each with its code', async () => {
    const altered = bent(good, (text) => text.replace('09:12:04', '09:12:05'))
    const sig = Buffer.from(good.signatures[0]?.sig ?? [])
    sig[20] = (sig[20] ?? 0) ^ 1
    const broken: Entry = { ...good, signatures: [{ sig, keyid: ours.keyid }] }
    const foreign = await attest(run, theirs)
    for (const [bad, code] of [
      [altered, 'signature_invalid'],
      [broken, 'signature_invalid'],
      [foreign, 'key_untrusted'],
    ] as const) {
      expect(verdict([one([item(bad)]), many([item(good)])])).toMatchObject({
        marks: '#=',
        exit: 3,
        codes: [code, undefined],
      })
      expect(verdict([one([item(good)]), many([item(bad)])]).rows[1]).toMatchObject(
        bad === foreign ? { mark: '#' } : { mark: '#', error: { code } },
      )
    }
  })

  test('damage is #, and is never forgiven', () => {
    const damaged: Found = { location: 'x', raw: new Uint8Array(), damage: { code: 'copy_malformed', message: 'cut' } }
    const readings = [one([damaged]), many([item(good)])]
    expect(verdict(readings, { optional: ['tekton'], require: 1 })).toMatchObject({ marks: '#=', exit: 3 })
  })

  test("two runs' copies swapped: # with a code of its own", async () => {
    const swapped = await attest(other, ours)
    expect(verdict([one([item(swapped)]), many([item(good)])])).toMatchObject({
      marks: '#=',
      exit: 3,
      codes: ['wrong_artifact', undefined],
    })
    const elsewhere = await attest(taskRun('unrelated'), ours)
    expect(verdict([one([item(good)]), many([item(elsewhere)])])).toMatchObject({
      marks: '=#',
      codes: [undefined, 'wrong_artifact'],
    })
  })

  test('another run on the same image in a shared slot is a neighbour; without ours the slot is +', async () => {
    const neighbour = await attest(other, ours)
    expect(verdict([one([item(good)]), many([item(neighbour), item(good)])])).toMatchObject({
      marks: '==',
      exit: 0,
      strangers: 0,
    })
    expect(verdict([one([item(good)]), many([item(neighbour)])])).toMatchObject({ marks: '=+', exit: 5 })
  })

  test('another predicate about the same image: # in the place of the run, a neighbour in a shared one', async () => {
    const sbom = await attest(
      run,
      ours,
      Buffer.from(
        JSON.stringify({
          _type: 'https://in-toto.io/Statement/v1',
          subject: about.subjects,
          predicateType: 'https://spdx.dev/Document',
          predicate: {},
        }),
      ),
    )
    expect(verdict([one([item(good)]), many([item(sbom), item(good)])])).toMatchObject({
      marks: '==',
      exit: 0,
      strangers: 0,
    })
    expect(verdict([one([item(sbom)])])).toMatchObject({ marks: '#', exit: 3, codes: ['wrong_artifact'] })
    expect(verdict([many([item(sbom)])])).toMatchObject({ marks: '+', exit: 5, codes: ['absent'] })
  })

  test('strangers in a shared slot: listed, 0; 3 with strict', async () => {
    const foreign = await attest(other, theirs)
    const garbage: Found = {
      location: 'g',
      raw: Buffer.from('?'),
      damage: { code: 'stranger', message: 'a layer of another kind' },
    }
    const readings = [one([item(good)]), many([item(foreign), garbage, item(good)])]
    expect(verdict(readings)).toMatchObject({ marks: '==', exit: 0, strangers: 2 })
    expect(verdict(readings, { strict: true }).exit).toBe(3)
    expect(verdict([one([item(good)]), many([item(foreign), garbage])])).toMatchObject({
      marks: '=+',
      exit: 5,
      strangers: 2,
    })
  })

  test('a re-sign and another serialisation: ~, 0', async () => {
    const spaced = await attest(run, ours, Buffer.from(Buffer.from(good.payload).toString().replaceAll('","', '", "')))
    expect(verdict([one([item(good)]), many([item(spaced)])])).toMatchObject({ marks: '=~', exit: 0 })
    const both = trustIn(await attest(run, theirs))
    expect(both).toMatchObject({ marks: '=~', exit: 0 })
    function trustIn(resigned: Entry): Verdict {
      const wide: Trust = { ...trust, keys: [...trust.keys, ...trustOf(theirs).keys] }
      return verdict([
        reading(about, 'tekton', 'one', [item(good)], wide),
        reading(about, 'oci', 'many', [item(resigned)], wide),
      ])
    }
  })

  test('two that verify and differ are both *, and no majority decides', async () => {
    const drifted = await attest(taskRun('build-a', { labels: { team: 'b' } }), ours)
    const readings = [one([item(good)]), many([item(drifted)]), many([item(good)], 's3')]
    expect(verdict(readings, { require: 2 })).toMatchObject({
      marks: '***',
      exit: 4,
      codes: ['drift', 'drift', 'drift'],
    })
    const forged = bent(good, (text) => text.replace('team":"a', 'team":"c'))
    expect(verdict([one([item(forged)]), one([item(forged)], 'docs'), many([item(good)])])).toMatchObject({
      marks: '##=',
      exit: 3,
    })
  })

  test('the gravest wins: 3 before 4 before 5 before 6', async () => {
    const drifted = await attest(taskRun('build-a', { labels: { team: 'b' } }), ours)
    const bad = bent(good, (text) => `${text} `)
    expect(
      verdict([one([item(bad)]), many([item(good)]), many([item(drifted)], 's3'), many([], 'x1'), down('x2')]).exit,
    ).toBe(3)
    expect(verdict([many([item(good)]), many([item(drifted)], 's3'), many([], 'x1'), down('x2')]).exit).toBe(4)
    expect(verdict([many([item(good)]), many([], 'x1'), down('x2')]).exit).toBe(5)
  })
})

describe('image signatures', () => {
  const image = imageOf(run)
  const of = aboutImage(image)

  test('two images that share a place: the other one is a neighbour', async () => {
    const entry = await signImage(image, ours)
    const mirrored = await signImage(
      { ...image, image: { ...image.image, repository: 'mirror.example/build-a' } },
      ours,
    )
    expect(verdict([one([item(mirrored), item(entry)], 'tekton', of)], {}, of)).toMatchObject({
      marks: '=',
      exit: 0,
      strangers: 0,
    })
    expect(verdict([one([item(mirrored)], 'tekton', of)], {}, of)).toMatchObject({ marks: '+', exit: 5 })
  })

  test('a signature over another image in its place: #', async () => {
    const swapped = await signImage(imageOf(run, 'elsewhere'), ours)
    for (const holds of ['one', 'many'] as const) {
      const looked = reading(of, 'b', holds, [item(swapped)], trust)
      expect(verdict([looked], {}, of)).toMatchObject({ marks: '#', exit: 3, codes: ['wrong_artifact'] })
    }
  })

  test("another team's signature over the same payload: a stranger beside ours, # alone", async () => {
    const entry = await signImage(image, ours)
    const foreign = await signImage(image, theirs)
    expect(verdict([many([item(foreign), item(entry)], 'oci', of)], {}, of)).toMatchObject({
      marks: '=',
      exit: 0,
      strangers: 1,
    })
    expect(verdict([many([item(foreign)], 'oci', of)], {}, of)).toMatchObject({ marks: '#', exit: 3 })
  })
})
