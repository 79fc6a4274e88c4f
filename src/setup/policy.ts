/** The policy of a set-up: what its verdicts are asked for. */
import type { Trust } from '../trust/trust.ts'
import { type Policy, policyOf } from '../verify/policy.ts'
import type { Demands } from '../verify/verdict.ts'
import type { Setup } from './backends.ts'

/** @example policyFor(setup, demands, trust).hash // 'sha256:…' */
export function policyFor({ backends, namedFormats }: Setup, demands: Demands, trust: Trust): Policy {
  const images = backends.map(
    ({ name, capabilities }) => [name, capabilities.imageFormats ?? ['simplesigning']] as const,
  )
  return policyOf({
    backends: backends.map(({ name }) => name),
    demands,
    trust,
    imageFormats: Object.fromEntries(images),
    ...(namedFormats === undefined ? {} : { formats: namedFormats }),
  })
}
