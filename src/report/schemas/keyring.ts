/** A keyring: the file of --keyring. */
import type { KeyringFile, KeyringIdentity, KeyringKey } from '../../trust/keyring.ts'
import { ALGORITHMS } from '../../trust/made-by.ts'
import { file } from './document.ts'
import { COUNT, list, object, oneOf, says, TEXT } from './shape.ts'

const WINDOW = {
  from: says(TEXT, 'signatures made before this do not count: 2026-01-31T00:00:00Z'),
  until: says(TEXT, 'signatures made after this do not count; wants a from'),
}
const ALGORITHM = oneOf(ALGORITHMS)

const KEY = object<KeyringKey>(
  {},
  {
    name: says(TEXT, 'what reports call it'),
    file: says(TEXT, 'public key, PEM: a path, from the folder of the keyring'),
    pem: says(TEXT, 'the public key itself, in place of file'),
    ...WINDOW,
    algorithm: says(ALGORITHM, 'the only one that counts; absent: those that Chains and cosign use with such a key'),
  },
  'a public key: either file or pem',
)

const IDENTITY = object<KeyringIdentity>(
  {
    identity: says(TEXT, 'e-mail address or URI in the certificate, compared whole, or a pattern for the whole: /^…$/'),
    issuer: says(TEXT, 'the issuer that vouches for it, likewise'),
  },
  {
    name: says(TEXT, 'what reports call it'),
    ...WINDOW,
    algorithms: says(
      list(ALGORITHM),
      'count beside ecdsa-p256-sha256, ecdsa-p384-sha256, ed25519 and rsa-pkcs1-sha256',
    ),
  },
  'whoever holds a certificate for it',
)

export const schema = file(
  'a keyring of prov',
  object<KeyringFile>(
    { v: { const: 1 } },
    {
      threshold: says({ ...COUNT, minimum: 1 }, 'how many of them must have signed; absent: one'),
      keys: list(KEY),
      identities: list(IDENTITY),
    },
  ),
)
