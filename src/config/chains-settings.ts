/** Tekton Chains' general keys, with its values and defaults (pkg/config/config.go of v0.29). Those of a backend are in its own folder. */
import type { SettingRow } from '../backend/setting-row.ts'

const FORMATS = ['in-toto', 'slsa/v1', 'slsa/v2alpha3', 'slsa/v2alpha4'] as const
const SIGNERS = ['x509', 'kms', 'none'] as const

const KEY = 'give the key with --key'

function text(usedBy: string, meaning: string): SettingRow {
  return { type: 'string', later: 'every value', instead: `unset it, and ${KEY}`, usedBy, meaning }
}

function secret(usedBy: string, meaning: string): SettingRow {
  return { type: 'string', later: 'every value', instead: `unset it, and ${KEY}`, usedBy, secret: true, meaning }
}

function format(what: string): SettingRow {
  const meaning = `payload format of ${what}`
  return { type: 'enum', allowed: FORMATS, default: 'in-toto', usedBy: 'format', meaning }
}

function signer(what: string): SettingRow {
  const meaning = `what signs ${what}; none: they are neither signed nor stored`
  const instead = `set x509, and ${KEY}`
  return { type: 'enum', allowed: SIGNERS, default: 'x509', later: ['kms'], instead, usedBy: 'signer', meaning }
}

export const ARTIFACT_SETTINGS = {
  'artifacts.taskrun.format': format('TaskRuns'),
  'artifacts.taskrun.storage': {
    type: 'backends',
    default: 'tekton',
    usedBy: 'store',
    meaning: 'where TaskRuns are stored when --storage is not given; empty: nowhere',
  },
  'artifacts.taskrun.signer': signer('TaskRuns'),
  'artifacts.pipelinerun.format': format('PipelineRuns'),
  'artifacts.pipelinerun.storage': {
    type: 'backends',
    default: 'tekton',
    usedBy: 'store',
    meaning: 'where PipelineRuns are stored when --storage is not given; empty: nowhere',
  },
  'artifacts.pipelinerun.signer': signer('PipelineRuns'),
  'artifacts.pipelinerun.enable-deep-inspection': {
    type: 'bool',
    default: 'false',
    usedBy: 'format',
    meaning: "take subjects and materials of a PipelineRun from its TaskRuns' results too",
  },
  'artifacts.oci.format': {
    type: 'enum',
    allowed: ['simplesigning'],
    default: 'simplesigning',
    usedBy: 'format',
    meaning: 'payload format of images',
  },
  'artifacts.oci.storage': {
    type: 'backends',
    default: 'oci',
    usedBy: 'store',
    meaning: 'where image signatures are stored when --storage is not given; empty: nowhere',
  },
  'artifacts.oci.signer': signer('images'),
} as const satisfies Record<string, SettingRow>

export const OTHER_CHAINS_SETTINGS = {
  'transparency.enabled': {
    type: 'enum',
    allowed: ['true', 'manual', 'false'],
    lenient: true,
    default: 'false',
    later: ['true', 'manual'],
    instead: 'set false',
    usedBy: 'store',
    valuesUsedBy: { manual: 'upload' },
    meaning: 'enter signatures into a transparency log',
  },
  'transparency.url': {
    ...text('log', 'Rekor server'),
    instead: 'unset it',
    default: 'https://rekor.sigstore.dev',
  },
  'signers.kms.kmsref': text('kms', 'key in a key manager, e.g. gcpkms://…'),
  'signers.kms.auth.address': text('kms', 'address of the key manager'),
  'signers.kms.auth.token': secret('kms', 'token for the key manager'),
  'signers.kms.auth.token-path': text('kms', 'file that holds the token'),
  'signers.kms.auth.oidc.path': text('kms', 'path of the OIDC login'),
  'signers.kms.auth.oidc.role': text('kms', 'role of the OIDC login'),
  'signers.kms.auth.oidc.token-path': text('kms', 'file that holds the OIDC token'),
  'signers.kms.auth.spire.sock': text('kms', 'socket of the SPIRE agent'),
  'signers.kms.auth.spire.audience': text('kms', 'audience of the SPIRE token'),
  'signers.x509.fulcio.enabled': {
    type: 'bool',
    default: 'false',
    later: ['true'],
    instead: `set false, and ${KEY}`,
    usedBy: 'signer',
    meaning: 'sign with a short-lived certificate of Fulcio',
  },
  'signers.x509.fulcio.address': { ...text('fulcio', 'Fulcio server'), default: 'https://fulcio.sigstore.dev' },
  'signers.x509.fulcio.issuer': {
    ...text('fulcio', 'issuer of the token'),
    default: 'https://oauth2.sigstore.dev/auth',
  },
  'signers.x509.fulcio.provider': text('fulcio', 'where the token comes from'),
  'signers.x509.identity.token.file': text('fulcio', 'file that holds the token'),
  'signers.x509.tuf.mirror.url': text('fulcio', 'mirror of the trust roots'),
  'builder.id': {
    type: 'string',
    default: 'https://tekton.dev/chains/v2',
    usedBy: 'format',
    meaning: 'builder.id of the provenance',
  },
  'builddefinition.buildtype': {
    type: 'enum',
    allowed: ['https://tekton.dev/chains/v2/slsa', 'https://tekton.dev/chains/v2/slsa-tekton'],
    default: 'https://tekton.dev/chains/v2/slsa',
    usedBy: 'format',
    meaning: 'buildType of slsa/v2 provenance',
  },
  'filter.managed-by': {
    type: 'list',
    later: 'every value',
    instead: 'unset it, and name the runs',
    usedBy: 'cluster',
    meaning: 'further spec.managedBy values to process',
  },
} as const satisfies Record<string, SettingRow>
