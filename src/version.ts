/** Which prov this is. build.ts and vitest.config.ts put the version of package.json in place of PROV_VERSION. */

declare const PROV_VERSION: string
declare const PROV_COMMIT: string | undefined

/** @example VERSION // '0.1.0' */
export const VERSION: string = PROV_VERSION

/** The commit that it was built from; `unknown` outside of a git repository. @example COMMIT // '3f9ac1d20b7e' */
export const COMMIT: string = typeof PROV_COMMIT === 'undefined' ? 'unknown' : PROV_COMMIT

/** What `prov --version --json` prints. */
export interface VersionFacts {
  readonly version: string
  readonly commit: string
  readonly node: string
  readonly platform: string
}

/** @example versionFacts(process).platform // 'linux-x64' */
export function versionFacts(host: Pick<NodeJS.Process, 'version' | 'platform' | 'arch'>): VersionFacts {
  return { version: VERSION, commit: COMMIT, node: host.version, platform: `${host.platform}-${host.arch}` }
}

/** One line. @example versionText(versionFacts(process)) // '0.1.0 (commit 3f9ac1d20b7e, Node v24.1.0, linux-x64)' */
export function versionText({ version, commit, node, platform }: VersionFacts): string {
  return `${version} (commit ${commit}, Node ${node}, ${platform})`
}
