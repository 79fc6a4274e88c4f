/** The flags of the commands of `prov keys` that work on a journal, as they are parsed. */
import type { CommonOptions } from '../../options.ts'

export interface JournalOptions extends CommonOptions {
  readonly truth?: string
  readonly store?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly timeout?: number
}

export interface InitOptions extends JournalOptions {
  readonly name: string
}

export interface ShowOptions extends JournalOptions {
  readonly events?: number
}

export interface SecretOptions extends JournalOptions {
  readonly passwordFile?: string
}

export interface RotateOptions extends SecretOptions {
  readonly step: 'prepare' | 'activate' | 'auto'
  readonly unsafe?: boolean
}

export interface ImportOptions extends SecretOptions {
  readonly from: string
  readonly active?: string
}

export interface PruneOptions extends JournalOptions {
  readonly eventsOlderThan: string
  readonly dryRun?: boolean
}

export interface RevokeOptions extends JournalOptions {
  readonly reason: string
  readonly since: string
}
