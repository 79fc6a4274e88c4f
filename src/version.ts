/** Which prov this is. build.ts and vitest.config.ts put the version of package.json in place of PROV_VERSION. */

declare const PROV_VERSION: string

/** @example VERSION // '0.1.0' */
export const VERSION: string = PROV_VERSION
