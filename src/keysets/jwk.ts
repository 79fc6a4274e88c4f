/** Public keys as JWKs, where this room's files look for them: they stand in keys/, which trust/ sees too. */
export { algorithmOf, type PublicJwk, publicJwk } from '../keys/jwk.ts'
