/** `sarif`: SARIF 2.1.0, one result for each finding that counts. */
import { createHash } from 'node:crypto'
import { ERRORS, type ErrorCode, type ErrorJson, STOPPED_EXIT } from '../../errors.ts'
import { escapeControl, escapeControlJson } from '../../platform/text/escape-control.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { EXITS } from '../text/verify-text.ts'
import { copyUri } from './copy-uri.ts'
import type { OpenForm, ReportHead } from './form.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
/** The exit status after Ctrl-C: the results are then not all that there are. */
const CODES = Object.keys(ERRORS) as readonly ErrorCode[]

/** @example sarif(tools).end(summary) // ']…}]}' */
export const sarif: OpenForm = () => {
  let known: ReportHead | undefined
  let first = true
  return {
    begin(head) {
      known = head
      const driver = JSON.stringify({ name: 'prov', version: head.version, rules: CODES.map(rule) })
      return `{"$schema":"${SCHEMA}","version":"2.1.0","runs":[{"tool":{"driver":${driver}},"results":[`
    },
    artifact(one) {
      const results = one.findings.map((finding) => escapeControlJson(JSON.stringify(result(one, finding))))
      if (results.length === 0) return ''
      const before = first ? '\n' : ',\n'
      first = false
      return `${before}${results.join(',\n')}`
    },
    end({ exit, ended, totals, notes }) {
      const invocation = {
        executionSuccessful: exit !== STOPPED_EXIT,
        exitCode: exit,
        exitCodeDescription: EXITS[exit] ?? '',
        startTimeUtc: new Date(known?.began ?? ended).toISOString(),
        endTimeUtc: new Date(ended).toISOString(),
        toolExecutionNotifications: notes.map((note) => ({ level: 'note', message: { text: shown(note) } })),
      }
      const properties = { totals, backends: known?.backends, demands: known?.demands, trust: known?.trust }
      return escapeControlJson(
        `],"invocations":[${JSON.stringify(invocation)}],"properties":${JSON.stringify(properties)}}]}\n`,
      )
    },
  }
}

function rule(code: ErrorCode): object {
  const { exit, retryable, meaning } = ERRORS[code]
  return {
    id: code,
    shortDescription: { text: meaning },
    defaultConfiguration: { level: 'error' },
    properties: { exit, retryable },
  }
}

function result({ artifact, uri, kind }: VerifiedArtifact, finding: ErrorJson): object {
  const { code, message, backend, location, hint } = finding
  const hintText = hint === undefined ? '' : ` (${hint})`
  const at = copyUri(backend, location)
  // The same finding of another day is the same result: what it is about, where, and its code.
  const print = createHash('sha256').update(JSON.stringify([uri, kind, backend, location, code]))
  return {
    ruleId: code,
    ruleIndex: CODES.indexOf(code),
    level: 'error',
    message: { text: shown(`${artifact}: ${message}${hintText}`) },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: at ?? uri } },
        logicalLocations: [{ fullyQualifiedName: shown(artifact), kind: 'resource' }],
      },
    ],
    partialFingerprints: { 'prov/v1': print.digest('hex') },
    properties: {
      artifact,
      kind,
      ...(backend === undefined ? {} : { backend }),
      ...(location === undefined ? {} : { location }),
    },
  }
}

/** What a viewer shows to people, as text elsewhere in prov: control characters spelled out. */
function shown(text: string): string {
  return escapeControl(text.toWellFormed())
}
