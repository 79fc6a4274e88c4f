/**
 * The backend contract. `test/conformance/` is its definition (in the package `prov/conformance`): what is not checked there is not promised.
 * A backend moves bytes; it never signs, verifies or decides.
 */

import type { ErrorJson } from '../errors.ts'
import type { Artifact, ImageRef, RunArtifact, RunClaim, Subject } from '../model/artifact.ts'
import type { Entry, Kind } from '../model/entry.ts'
import type { KeptProofs } from '../model/proofs.ts'
import type { CallOptions } from '../platform/async/call.ts'

export type { CallOptions } from '../platform/async/call.ts'

import type { Diagnosis } from './diagnosis.ts'

/**
 * Differences between backends, as data. The core asks these and never compares names. What a backend can do besides is not a part of it: it has the
 * method or has not, see {@link Abilities}.
 */
export interface Capabilities {
  /** False for write-only stores: `put` answers `accepted`, `get` throws `not_supported`, and no copy there counts. */
  readonly readable: boolean
  /** How well `list` says which run an entry belongs to: by name and uid, by uid, or (absent) not at all. */
  readonly listNames?: 'name' | 'uid'
  /**
   * How two writers of one place are kept from losing each other's entry. `separate`: nothing is shared, since the store keeps what each of them
   * sends by itself.
   */
  readonly sharedWrites: 'precondition' | 'lock' | 'readback' | 'markers' | 'separate' | 'memory'
  readonly entriesPerSlot: 'one' | 'many'
  readonly kinds: readonly Kind[]
  /** Formats in which signatures of images are kept here; absent: `simplesigning`. */
  readonly imageFormats?: readonly string[]
  /** Copies live on the run: artifacts without a run are not kept (`x`). */
  readonly needsRun: boolean
  /** The envelope's own bytes survive; otherwise only payload, signatures and certificates do. */
  readonly keepsEnvelope: boolean
  /** Which of the proofs beside a signature survive, by kind; absent: all. What is not named is not missed when it does not come back. */
  readonly keepsProofs?: KeptProofs
  /** A record of what is owed, not a store: its copy is compared like any other, and never counts for `--require`. */
  readonly record?: true
  /** Largest native form of one entry in bytes; undefined: no limit known. */
  readonly maxEntryBytes: number | undefined
}

/** What an entry is about, enough to say where it belongs. */
export interface About {
  readonly artifact: Artifact
  readonly kind: Kind
  /** Subjects of the Statement; for an image signature the image itself. */
  readonly subjects: readonly Subject[]
  /** Only entries of this format count as copies; absent: of any. Has no bearing on the places. */
  readonly format?: string
  /**
   * Only what signs the artifact itself, or only what is said about it; absent: both. Statements that sign an image may have a
   * place of their own.
   */
  readonly role?: 'signature' | 'attestation'
}

/** One place in one backend where a copy belongs. Plain data: serialises to JSON as part of the plan. */
export interface Slot {
  readonly backend: string
  /** Unique in the backend and readable: `registry/repo:sha256-<hex>.att`, `run.yaml#chains.tekton.dev/signature-taskrun-<uid>`. */
  readonly key: string
  readonly kind: Kind
  /** `one`: what does not verify here is damage. `many`: shared with other people's entries. */
  readonly holds: 'one' | 'many'
  /** Whatever the backend needs to find the place again. */
  readonly address: Readonly<Record<string, string>>
  /** Set by `list`: what the place itself says that it is for. The store's word, which no signature covers. */
  readonly names?: SlotNames
}

/** A place as `list` hands it over. */
export interface Listed extends Slot {
  /** What stands there, where the listing has read it anyway: as `get` gives it. Absent: not read. */
  readonly found?: readonly Found[]
}

/** What a place is for, as far as its name, key or tag says; what it does not say is absent. */
export interface SlotNames {
  readonly run?: RunClaim
  /** sha256 hex of the subject. */
  readonly subject?: string
  /** Chains' key of an image, the first 12 hex digits of its digest, where the place says no more of it. */
  readonly imageKey?: string
}

/** One item in a slot: an entry, or the damage that stands there instead. A damaged item never hides its neighbours. */
export type Found = FoundEntry | FoundDamage
export interface FoundEntry {
  /** Finer than the slot's key where a slot holds many, e.g. `…:sha256-<hex>.att#sha256:<layer>`. */
  readonly location: string
  /** The item's bytes in the backend's native form (for tekton: JSON of its annotations). */
  readonly raw: Uint8Array
  readonly entry: Entry
  /** Opaque token of the state that was read, for `replace` and `remove`. */
  readonly version?: string
  /** Why the proofs that lie beside it could not be read: the entry is without them, and otherwise whole. */
  readonly proofsDamage?: ErrorJson
  readonly damage?: never
}
export interface FoundDamage {
  readonly location: string
  readonly raw: Uint8Array
  readonly damage: ErrorJson
  readonly version?: string
  readonly entry?: never
}

/**
 * What a single write did. `occupied`: nothing was written, `found` stands there (slots that hold one). `accepted`: a write-only store has
 * taken it, and its id for the message is the location.
 */
export interface Receipt {
  readonly backend: string
  readonly slot: string
  /** Where the copy is (or the occupant). */
  readonly location: string
  readonly entry: string
  readonly signatures: readonly string[]
  readonly outcome: 'written' | 'unchanged' | 'replaced' | 'occupied' | 'accepted'
  /** The occupants, only with `occupied`. */
  readonly found?: readonly Found[]
}

/** What `list` narrows by; every member is optional and they add up. */
export interface ListFilter {
  readonly kind?: Kind
  readonly namespace?: string
  /** sha256 hex of a subject. */
  readonly subject?: string
}

/** What every backend does. */
export interface EveryBackend {
  readonly name: string
  readonly capabilities: Capabilities
  /** Pure. EVERY place of such an entry here; [] means: not kept here (`x`). Throws `host_refused` for a host not allowed. */
  slots(about: About): readonly Slot[]
  /** Pure. The host that a slot lies on: an outage of one says nothing of another. Absent: all slots of the backend share one. */
  hostOf?(slot: Slot): string
  /** Pure. True for a slot in a file that came with the input: no other machine can write it. Absent: false. */
  isInputFile?(slot: Slot): boolean
  /**
   * Bytes that a put of this entry would add here in native form; pure, for the plan.
   * Throws `entry_too_large` when one put can never fit.
   */
  size(slot: Slot, entry: Entry): number
  /**
   * Never overwrites, signs or verifies. Of an entry that is there, proofs that it lacks are added (`written`), and none is lost.
   * Throws ProvError only: `conflict`, `entry_too_large` (before a byte is sent), `denied`, …
   */
  put(slot: Slot, entry: Entry, options: CallOptions): Promise<Receipt>
  /** Every item in the slot; [] when absent. Throws only when it could not look. */
  get(slot: Slot, options: CallOptions): Promise<readonly Found[]>
  close(): Promise<void>
}

/** What only some can do: a method that is absent is refused beforehand, with `not_supported`, or gone without. */
export interface Abilities {
  /** One line each: what the configuration asks for and does not get here. */
  readonly warnings?: readonly string[]
  /**
   * Where its store is, as it was found out when the backend was opened, where settings only name a file that says it; without secrets. A kept
   * verdict counts for this place alone. Absent: settings and variables say it themselves.
   */
  readonly place?: string
  /**
   * For the plan of a store, where a look tells beforehand that no put can succeed here: throws `target_unwritable`. Changes nothing.
   */
  ready?(slot: Slot, options: CallOptions): Promise<void>
  /**
   * Several places in one call: what `get` gives for each, in their order. Throws when it could not look at one of them; `get` then says at
   * which. Absent: one call a place.
   */
  getMany?(slots: readonly Slot[], options: CallOptions): Promise<readonly (readonly Found[])[]>
  /**
   * Pure. What the artifact itself brought along where its copies shall lie elsewhere: none of these is a copy in the slot, but one that verifies
   * may become one, instead of a new signature.
   */
  carried?(slot: Slot): readonly Found[]
  /** Puts `entry` in the place of `found`, only if that is still there as it was read; otherwise throws `conflict`. */
  replace?(slot: Slot, found: Found, entry: Entry, options: CallOptions): Promise<Receipt>
  /** Keeps what was found beside its place, where nobody takes it for a copy, and says where. Asked for before `replace` mends damage. */
  keep?(slot: Slot, found: Found, options: CallOptions): Promise<string>
  /** Streams; memory stays flat. */
  list?(filter: ListFilter, options: CallOptions): AsyncIterable<Listed>
  /**
   * The place that an object of this name makes whole (of several objects, the one that is written last). undefined for any other name, and
   * where no such object is.
   */
  placeOf?(object: string, options: CallOptions): Promise<Listed | undefined>
  /** Only what was found; gone already is not an error; changed since is `conflict`. */
  remove?(slot: Slot, found: Found, options: CallOptions): Promise<void>
  /**
   * The digest (`sha256:…`) that a tag of an image's own repository names now; undefined for a tag that is not there. Throws `host_refused` for a
   * host that the configuration does not name. Absent: nobody can be asked.
   */
  resolveTag?(repository: string, tag: string, options: CallOptions): Promise<string | undefined>
  /** Marks the run as signed; asked for last, once every required copy is confirmed. */
  seal?(run: RunArtifact, options: CallOptions): Promise<void>
  /**
   * Throws (exit 2) for what is configured wrong and would show only with the first request. Asks nobody, changes nothing; called before
   * anything is read or written. Absent: whatever is wrong was said when the backend was opened.
   */
  configured?(): Promise<void>
  /**
   * For `prov doctor`: what only the backend can know of its state, and how it may be probed. Throws only for what is configured wrong;
   * with `readOnly` it changes nothing. What it puts up for the probe (a scratch file) is taken away by `sweep`, which the caller must call.
   * Absent: nothing is known beforehand, and everything that its capabilities promise may be probed.
   */
  diagnose?(options: DiagnoseOptions): Promise<Diagnostics>
}

export interface Backend extends EveryBackend, Abilities {}

export interface DiagnoseOptions extends CallOptions {
  /** Nothing may be written, not even what is cancelled at once. */
  readonly readOnly: boolean
  /** Runs and images that the user named; [] when none. */
  readonly artifacts: readonly Artifact[]
  /** An image with a digest drawn by chance, for a probe: its places are nobody else's. */
  madeUpImage(repository: string): ImageRef
}

/** What a backend says of itself, and how the probe that comes next has to go about. */
export interface Diagnostics {
  readonly checks: readonly Diagnosis[]
  /** How far the probe may go. `read`: nothing may be written, since it could not be taken away again. Absent: all the way. */
  readonly upTo?: { readonly extent: 'read' | 'nothing'; readonly reason: string }
  /** The run that the probe hangs on, where it cannot be made up. */
  readonly run?: RunArtifact
  /** The image that the probe is about, where it cannot be made up. */
  readonly image?: ImageRef
  /** Takes the probe in the backend's stead, such as one over a scratch file beside a database that is not there yet. */
  readonly standIn?: Backend
  /**
   * Takes away what is left of the probe once its copies are removed, such as blobs, or halves of a write that broke off. Called once,
   * also after failures; throws, naming every place, when something stays.
   */
  sweep?(slots: readonly Slot[], options: CallOptions): Promise<void>
}

/** What every backend is opened with. No backend reads the environment, the clock or the configuration elsewhere. */
export interface Context {
  /** The effective value of a configuration key, undefined when unset. Keys are those of src/config/table.ts. */
  setting(key: string): string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  now(): number
  /** Random bytes. */
  random(size: number): Uint8Array
  /** One line for `--verbose`; never a secret. */
  debug(line: string): void
  /** For a process that reads for long; absent: for one command. */
  readonly lasting?: Lasting
}

/** How a process that reads for long treats the stores that it reads. */
export interface Lasting {
  /** Requests a second that one host is sent; Infinity: no limit. */
  readonly perSecond: number
  /** Bytes of memory for what is named by its digest, and so cannot change; 0: none. */
  readonly memoryBytes: number
}

/** Each `backends/<name>/backend.ts` exports one of these as `open`. Cheap: connections and SDKs are made on first use. */
export type OpenBackend = (context: Context) => Backend
