/**
 * The schemas of everything that prov prints as JSON, by name. One file and one row a command; each is read only when it is asked for.
 *
 * @example (await SCHEMAS.verify.load()).schema['title'] // 'prov verify --json'
 */
import type { Schema } from './shape.ts'

export interface SchemaRow {
  /** The command whose --json it describes; absent: every command's. */
  readonly command?: string
  /** One line for the list. */
  readonly summary: string
  readonly load: () => Promise<{ readonly schema: Schema }>
}

export const SCHEMAS = {
  store: { command: 'store', summary: 'receipts and plan of a store', load: () => import('./store.ts') },
  verify: { command: 'verify', summary: 'marks and verdict', load: () => import('./verify.ts') },
  migrate: { command: 'migrate', summary: 'an entry, one a line', load: () => import('./migrate.ts') },
  repair: { command: 'repair', summary: 'an artifact, one a line', load: () => import('./repair.ts') },
  payload: { command: 'payload', summary: 'bytes that would be signed', load: () => import('./payload.ts') },
  get: { command: 'get', summary: 'one stored entry', load: () => import('./get.ts') },
  list: { command: 'list', summary: 'a place, one a line', load: () => import('./list.ts') },
  'keys-generate': {
    command: 'keys generate',
    summary: 'files of a new pair',
    load: () => import('./keys-generate.ts'),
  },
  'keys-publish': {
    command: 'keys publish',
    summary: "a region's file",
    load: async () => ({ schema: (await import('./key-sets.ts')).publish }),
  },
  'keys-merge': {
    command: 'keys merge',
    summary: 'regions and the public set',
    load: async () => ({ schema: (await import('./key-sets.ts')).merge }),
  },
  'keys-status': {
    command: 'keys status',
    summary: 'how old each region is',
    load: async () => ({ schema: (await import('./key-sets.ts')).status }),
  },
  'keys-init': {
    command: 'keys init',
    summary: 'a journal that was made',
    load: async () => ({ schema: (await import('./journal.ts')).init }),
  },
  'keys-rotate': {
    command: 'keys rotate',
    summary: 'steps of a rotation',
    load: async () => ({ schema: (await import('./journal.ts')).rotate }),
  },
  'keys-journal': {
    command: 'keys journal',
    summary: 'keys of a journal',
    load: async () => ({ schema: (await import('./journal.ts')).journal }),
  },
  'keys-import': {
    command: 'keys import',
    summary: 'keys that were taken in',
    load: async () => ({ schema: (await import('./journal.ts')).imported }),
  },
  'keys-prune': {
    command: 'keys prune',
    summary: 'private keys that were removed',
    load: async () => ({ schema: (await import('./journal.ts')).prune }),
  },
  'keys-revoke': {
    command: 'keys revoke',
    summary: 'a key not to be trusted',
    load: async () => ({ schema: (await import('./journal.ts')).revoke }),
  },
  'keys-doctor': {
    command: 'keys doctor',
    summary: 'journal and key store',
    load: async () => ({ schema: (await import('./journal.ts')).doctor }),
  },
  'config-show': { command: 'config show', summary: 'settings in force', load: () => import('./config-show.ts') },
  'config-check': { command: 'config check', summary: 'warnings', load: () => import('./config-check.ts') },
  worker: { command: 'worker', summary: 'a delivery, one a line', load: () => import('./worker.ts') },
  search: { command: 'search', summary: 'an entry, one a line', load: () => import('./search.ts') },
  reconcile: { command: 'reconcile', summary: 'a difference, one a line', load: () => import('./reconcile.ts') },
  'outbox-ls': {
    command: 'outbox ls',
    summary: 'a delivery, one a line',
    load: async () => ({ schema: (await import('./outbox.ts')).ls }),
  },
  'outbox-retry': {
    command: 'outbox retry',
    summary: 'deliveries that are tried again',
    load: async () => ({ schema: (await import('./outbox.ts')).retry }),
  },
  'outbox-drop': {
    command: 'outbox drop',
    summary: 'deliveries that were given up',
    load: async () => ({ schema: (await import('./outbox.ts')).drop }),
  },
  'outbox-prune': {
    command: 'outbox prune',
    summary: 'an entry, one a line',
    load: async () => ({ schema: (await import('./outbox.ts')).prune }),
  },
  'outbox-forget': {
    command: 'outbox forget',
    summary: 'what was removed of a run',
    load: async () => ({ schema: (await import('./outbox.ts')).forget }),
  },
  'truth-init': {
    command: 'truth init',
    summary: 'a truth that was made',
    load: async () => ({ schema: (await import('./truth.ts')).init }),
  },
  'truth-migrate': {
    command: 'truth migrate',
    summary: 'schema before and after',
    load: async () => ({ schema: (await import('./truth.ts')).migrate }),
  },
  'truth-check': {
    command: 'truth check',
    summary: 'what a truth owes, and to whom',
    load: async () => ({ schema: (await import('./truth.ts')).check }),
  },
  'truth-adopt': {
    command: 'truth adopt',
    summary: 'a truth that was restored',
    load: async () => ({ schema: (await import('./truth.ts')).adopt }),
  },
  'truth-backup': {
    command: 'truth backup',
    summary: 'where the copy is',
    load: async () => ({ schema: (await import('./truth.ts')).backup }),
  },
  'truth-grants': {
    command: 'truth grants',
    summary: 'roles as SQL',
    load: async () => ({ schema: (await import('./truth.ts')).grants }),
  },
  'serve-request': { summary: 'what Gatekeeper sends to prov serve', load: () => import('./serve-request.ts') },
  'serve-response': { summary: 'what Gatekeeper is answered', load: () => import('./serve-response.ts') },
  'serve-verify': { summary: 'answer of GET /v1/verify', load: () => import('./serve-verify.ts') },
  'serve-search': { summary: 'answer of GET /v1/search', load: () => import('./serve-search.ts') },
  'serve-artifact': { summary: 'answer of GET /v1/artifacts', load: () => import('./serve-artifact.ts') },
  'serve-outbox': { summary: 'answer of GET /v1/outbox', load: () => import('./serve-outbox.ts') },
  serve: { command: 'serve', summary: 'what --check found', load: () => import('./serve.ts') },
  doctor: { command: 'doctor', summary: 'what each backend and key is good for', load: () => import('./doctor.ts') },
  conform: { command: 'conform', summary: 'what a backend of your own passes', load: () => import('./conform.ts') },
  explain: { command: 'explain', summary: 'what a code means', load: () => import('./explain.ts') },
  keyring: { summary: 'the file of --keyring', load: () => import('./keyring.ts') },
  regions: { summary: 'the file of --regions', load: () => import('./regions.ts') },
  failure: { summary: 'in place of a result', load: () => import('./failure.ts') },
} as const satisfies Readonly<Record<string, SchemaRow>>

export type SchemaName = keyof typeof SCHEMAS
