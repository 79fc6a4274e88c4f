/** 300 entries of all kinds in the annotations of runs, in files of several shapes: what goes around in the ring. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments, stringify } from 'yaml'
import { prov } from '../support/cli.ts'
import { freshName, seedImage } from '../support/registry.ts'
import { FIXTURES, PASSWORD, PRIVATE_KEY } from '../support/runs.ts'
import { scratch } from '../support/scratch.ts'

/** Of the key of fixtures/keys, by a root that was thrown away: made for these tests. */
const LEAF = `-----BEGIN CERTIFICATE-----
MIIBLjCB1QIUOM/s5bat0+BY3Epu/51IaCOsB68wCgYIKoZIzj0EAwIwGTEXMBUG
A1UEAwwOcHJvdiB0ZXN0IHJvb3QwIBcNMjYxMTI1MTMyNzI3WhgPMjEyNjExMDEx
MzI3MjdaMBkxFzAVBgNVBAMMDnByb3YgdGVzdCBsZWFmMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEZr9/59Koe6T7/7kqTa4zYTQ+yRjoQsi0Mq6qYSwdpzKdRKo6
YKqnP/ktkc5ZsAMKH7nk73Q2PkXVItU9PeHpszAKBggqhkjOPQQDAgNIADBFAiEA
2IdbUeeEhOMtx0LwJ2ki8m0bzniQV8g2aoZncWTAMnkCICsXuDYiNd59lYd0Zrpk
7Aisoj946X5nCXyjlnUNE6/n
-----END CERTIFICATE-----
`
const ROOT = `-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUT76nr8xMrK0iKmXfNhuWQFgFrJ8wCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOcHJvdiB0ZXN0IHJvb3QwIBcNMjYxMTI1MTMyNzI3WhgPMjEy
NjExMDExMzI3MjdaMBkxFzAVBgNVBAMMDnByb3YgdGVzdCByb290MFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEM8arfRdiw5cYyr5rmz2znAHd+OHidsru7V6HIHiJ
NqpKPVaXGMbdLhyApFr6jHOxLPVPzaWxqzNtMbgQ3YTNOqNTMFEwHQYDVR0OBBYE
FCpDtfFWqZJFubiC9sqFd08ZZQM1MB8GA1UdIwQYMBaAFCpDtfFWqZJFubiC9sqF
d08ZZQM1MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOzwlwNc
3DyQD8NTfOj12t2miy28AeoAkycFqcby8wAYAiBbjh1HXp34EziVDE1OyvNJqv9S
CdfHzPKDNJBYddZ22w==
-----END CERTIFICATE-----
`

const PREFIX = 'chains.tekton.dev/'

interface RunObject {
  readonly kind: string
  readonly metadata: { readonly uid: string; annotations?: Record<string, string> }
  readonly status?: { readonly childReferences?: { readonly pipelineTaskName: string }[] }
}
type Document = RunObject | { readonly kind: 'List'; readonly items: RunObject[] }

export interface RingSet {
  /** Folder of the runs as they are in the beginning, annotated. */
  readonly annotated: string
  /** Folder of the same files with none of these annotations. */
  readonly bare: string
  /** REPOSITORY@DIGEST of some images: of TaskRuns and PipelineRuns, and in either format. */
  readonly sample: readonly { readonly image: string; readonly type: 'slsaprovenance' | 'slsaprovenance1' }[]
}

type Shape = 'stream' | 'list' | 'json' | 'single'

const GROUPS: readonly {
  name: string
  format: 'slsa/v1' | 'slsa/v2alpha4'
  shape: Shape
  of: 'task' | 'pipeline'
  count: number
}[] = [
  { name: 'stream', format: 'slsa/v1', shape: 'stream', of: 'task', count: 30 },
  { name: 'list', format: 'slsa/v1', shape: 'list', of: 'task', count: 30 },
  { name: 'pipelines', format: 'slsa/v1', shape: 'list', of: 'pipeline', count: 10 },
  { name: 'more', format: 'slsa/v2alpha4', shape: 'json', of: 'task', count: 50 },
  { name: 'one', format: 'slsa/v2alpha4', shape: 'single', of: 'task', count: 10 },
  { name: 'pipelines-json', format: 'slsa/v2alpha4', shape: 'json', of: 'pipeline', count: 10 },
]

/** Images are pushed to the registry; attestations and image signatures are made by `prov store`, with the key of fixtures/keys. */
export async function ringSet(endpoint: string): Promise<RingSet> {
  const [annotated, bare] = [scratch(), scratch()]
  const sample: RingSet['sample'][number][] = []
  for (const { name, format, shape, of, count } of GROUPS) {
    const repository = freshName(`ring-${name}`)
    const images = await Promise.all(
      Array.from({ length: count }, (_, i) => seedImage(endpoint, `${repository}-${i % 5}`)),
    )
    const runs = images.map((image, i) =>
      of === 'task' ? taskRun(image, `${name}-${i}`) : pipelineRun(image, `${name}-${i}`),
    )
    const files = write(annotated, name, shape, runs)
    const args = ['store', '--storage', 'tekton', '--format', format, '--key', PRIVATE_KEY, '--quiet']
    const { code, stdout, stderr } = await prov([...args, ...files], { env: { COSIGN_PASSWORD: PASSWORD } })
    if (code !== 0) throw new Error(stderr + stdout)
    sample.push({ image: images[1] ?? '', type: format === 'slsa/v1' ? 'slsaprovenance' : 'slsaprovenance1' })
  }
  for (const file of filesIn(annotated)) {
    let nth = 0
    editFile(file, file, (annotations) => {
      nth++
      if (nth % 3 === 0) certify(annotations)
      if (nth % 4 === 0) respell(annotations)
      delete annotations[`${PREFIX}signed`]
    })
    editFile(file, join(bare, basename(file)), (annotations) => {
      for (const key of Object.keys(annotations)) if (key.startsWith(PREFIX)) delete annotations[key]
    })
  }
  return { annotated, bare, sample }
}

/** Every copy in these files: its annotation's name after the run's uid, and the bytes. */
export function copiesIn(folder: string): ReadonlyMap<string, string> {
  const copies = new Map<string, string>()
  for (const file of filesIn(folder)) {
    for (const { metadata } of runsOf(documentsIn(file))) {
      for (const [name, value] of Object.entries(metadata.annotations ?? {})) {
        if (name.startsWith(PREFIX)) copies.set(`${metadata.uid} ${name}`, value)
      }
    }
  }
  return copies
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).map((name) => join(folder, name))
}

function taskRun(image: string, name: string): readonly RunObject[] {
  return [rewritten('buildpacks-taskrun.yaml', image, name)].flatMap(runsOf)
}

/** The PipelineRun and the one of its TaskRuns that has an image; as if it had no other. */
function pipelineRun(image: string, name: string): readonly RunObject[] {
  const runs = runsOf(rewritten('storefront-pipelinerun.yaml', image, name))
  for (const { status } of runs) {
    const all = status?.childReferences
    all?.splice(0, all.length, ...all.filter((child) => child.pipelineTaskName === 'build'))
  }
  return runs.filter(({ metadata: { uid } }) => !uid.startsWith('ea3fb322'))
}

const NAMES = /buildpacks-cache-7rk2v|storefront-build-k2m8x/g
const IMAGES = /ttl\.sh\/slsapoc(?!-)|ghcr\.io\/acme\/storefront(?::[0-9.]+)?/g
const DIGESTS = /sha256:(?:09e72cd4|dbbfa5d3)[0-9a-f]{56}/g
const UIDS = /b0a4c3c0-eb9d|cbc69f37-77ef|42fa0909-ae6c|1aa60366-199e/g

function rewritten(fixture: string, image: string, name: string): readonly Document[] {
  const [repository = '', digest = ''] = image.split('@')
  const own = crypto.randomUUID().slice(9, 13)
  const text = readFileSync(join(FIXTURES, 'runs', fixture), 'utf8')
    .replaceAll(NAMES, `run-${name}`)
    .replaceAll(IMAGES, repository)
    .replaceAll(DIGESTS, digest)
    .replaceAll(UIDS, (uid) => `${uid.slice(0, 2)}${digest.slice(7, 13)}-${own}`)
  return parseAllDocuments(text).map((document) => document.toJS() as Document)
}

function write(
  folder: string,
  name: string,
  shape: Shape,
  groups: readonly (readonly RunObject[])[],
): readonly string[] {
  const items = groups.flat()
  const list = { apiVersion: 'v1', kind: 'List', items }
  const texts: Readonly<Record<Shape, readonly string[]>> = {
    json: [`${JSON.stringify(list, null, 2)}\n`],
    list: [stringify(list)],
    stream: [items.map((item) => stringify(item)).join('---\n')],
    single: items.map((item) => stringify(item)),
  }
  return texts[shape].map((text, i) => {
    const file = join(folder, `${name}-${i}.${shape === 'json' ? 'json' : 'yaml'}`)
    writeFileSync(file, text)
    return file
  })
}

function documentsIn(file: string): readonly Document[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Document)
}

function runsOf(documents: readonly Document[] | Document): readonly RunObject[] {
  const all: readonly Document[] = 'kind' in documents ? [documents] : documents
  return all.flatMap((document) => ('items' in document ? document.items : [document]))
}

function editFile(from: string, to: string, change: (annotations: Record<string, string>) => void): void {
  const documents = documentsIn(from)
  for (const { metadata } of runsOf(documents)) {
    metadata.annotations ??= {}
    change(metadata.annotations)
  }
  const text = to.endsWith('.json')
    ? JSON.stringify(documents[0], null, 2)
    : documents.map((one) => stringify(one)).join('---\n')
  writeFileSync(to, `${text}\n`)
}

/** As if the same key had a certificate: for the run's attestation and for its image. */
function certify(annotations: Record<string, string>): void {
  for (const name of Object.keys(annotations)) {
    if (name.startsWith(`${PREFIX}cert-`)) annotations[name] = Buffer.from(LEAF).toString('base64')
    if (name.startsWith(`${PREFIX}chain-`)) annotations[name] = Buffer.from(ROOT).toString('base64')
  }
}

/** The attestation's envelope as another program would spell it. */
function respell(annotations: Record<string, string>): void {
  for (const [name, value] of Object.entries(annotations)) {
    if (!/signature-(?:task|pipeline)run-/.test(name)) continue
    const { payloadType, payload, signatures } = JSON.parse(Buffer.from(value, 'base64').toString()) as object &
      Record<string, unknown>
    const odd = { signatures, payload, payloadType, 'x-note': 'größer' }
    annotations[name] = Buffer.from(`${JSON.stringify(odd, null, 3)}\n`).toString('base64')
  }
}
