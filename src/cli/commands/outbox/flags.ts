/** The flags of `prov outbox`, as they are parsed. */
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions } from '../../options.ts'

export interface OutboxOptions extends CommonOptions {
  readonly truth?: string
}

export interface LsOptions extends OutboxOptions {
  readonly state?: string
  readonly target?: string
  readonly run?: string
  readonly since?: string
  readonly limit?: number
  readonly count?: boolean
}

export interface RetryOptions extends OutboxOptions, SignerFlags {
  readonly all?: boolean
  readonly target?: string
  readonly quarantined?: boolean
}

export interface DropOptions extends OutboxOptions {
  readonly reason: string
  readonly yes?: boolean
}

export interface PruneOptions extends OutboxOptions, SignerFlags {
  readonly storage?: string
  readonly olderThan?: string
  readonly keepIn?: number
  readonly dryRun?: boolean
  readonly kubeconfig?: string
  readonly context?: string
  readonly tektonFile?: string
  readonly timeout?: number
}

export interface ForgetOptions extends OutboxOptions {
  readonly run: string
}
