/** The flags of `prov serve`, as they are parsed. */
import type { DemandFlags } from '../../../setup/demands.ts'
import type { SignerFlags } from '../../../setup/keys.ts'
import type { CommonOptions } from '../../options.ts'

export interface ServeOptions extends CommonOptions, SignerFlags, DemandFlags {
  readonly storage?: string
  readonly format?: string
  readonly truth?: string
  /** URL of the cache. */
  readonly cache?: string
  readonly listen?: string
  readonly metricsListen?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly clientCa?: string
  readonly tokenFile?: string
  /** Milliseconds. */
  readonly deadline?: number
  readonly maxKeys?: number
  readonly concurrency?: number
  readonly check?: boolean
  readonly kubeconfig?: string
  readonly context?: string
  readonly timeout?: number
}
