/**
 * `vsa`: SLSA Verification Summary Attestations v1, one a line: in-toto Statements, or DSSE envelopes around them when there is a key
 * to sign with. Only artifacts that have a subject with a digest can have one.
 * (slsa.dev/verification_summary/v1; the fields are those of SLSA 1.2)
 */
import { SIMPLESIGNING_TYPE, STATEMENT_TYPE } from '../../model/entry.ts'
import { escapeControlJson } from '../../platform/text/escape-control.ts'
import type { VerifiedArtifact } from '../../verify/verify.ts'
import { copyUri } from './copy-uri.ts'
import type { OpenForm, ReportHead } from './form.ts'

const STATEMENT = 'https://in-toto.io/Statement/v1'
export const VSA_TYPE = 'https://slsa.dev/verification_summary/v1'
/** prov judges copies, not builders: so no level of a SLSA track is claimed. */
const LEVELS: readonly string[] = ['SLSA_BUILD_LEVEL_UNEVALUATED', 'PROV_COPIES_AGREE']

/** @example vsa({ now: Date.now }).artifact(one) // '{"_type":"https://in-toto.io/Statement/v1",…}\n' */
export const vsa: OpenForm = ({ now, seal }) => {
  let known: ReportHead | undefined
  return {
    begin(head) {
      known = head
      return ''
    },
    async artifact(one) {
      const statement = known === undefined ? undefined : statementOf(one, known, now())
      if (statement === undefined) return ''
      const text = escapeControlJson(JSON.stringify(statement))
      if (seal === undefined) return `${text}\n`
      return `${Buffer.from(await seal(Buffer.from(text))).toString()}\n`
    },
    end: () => '',
  }
}

function statementOf(one: VerifiedArtifact, head: ReportHead, now: number): object | undefined {
  const subject = one.subjects.filter(({ digest }) => Object.keys(digest).length > 0)
  if (subject.length === 0) return undefined
  const passed = one.exit === 0
  return {
    _type: STATEMENT,
    subject: subject.map(({ name, digest }) => (name === '' ? { digest } : { name, digest })),
    predicateType: VSA_TYPE,
    predicate: {
      verifier: { id: head.verifier, version: { prov: head.version } },
      timeVerified: new Date(now).toISOString(),
      resourceUri: one.uri,
      policy: policyIn(head),
      inputAttestations: inputs(one),
      verificationResult: passed ? 'PASSED' : 'FAILED',
      verifiedLevels: passed ? LEVELS : ['FAILED'],
      slsaVersion: '1.2',
    },
  }
}

/** As bytes whose digest anyone can check. */
function policyIn({ policy }: ReportHead): object {
  return {
    uri: 'prov:policy/v1',
    digest: { sha256: policy.hash.replace(/^sha256:/, '') },
    content: Buffer.from(policy.content).toString('base64'),
    mediaType: 'application/json',
  }
}

/** Every copy that verified. The digest is that of the signed payload, which is the same however a backend spells its envelope. */
function inputs(one: VerifiedArtifact): readonly object[] {
  return one.rows.flatMap(({ backend, mark, location, slot, entry, format, signatures, keyids }) => {
    const digest = entry === undefined ? undefined : /^(dsse|raw):sha256:([0-9a-f]{64})$/.exec(entry)
    if (digest === undefined || digest === null) return []
    const uri = copyUri(backend, location ?? slot)
    return [
      {
        ...(uri === undefined ? {} : { uri }),
        digest: { sha256: digest[2] },
        mediaType: digest[1] === 'raw' ? SIMPLESIGNING_TYPE : STATEMENT_TYPE,
        annotations: { backend, mark, ...(format === undefined ? {} : { format }), signatures, keyids },
      },
    ]
  })
}
