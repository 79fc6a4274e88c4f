/** What wakes a worker before it would look by itself. Pure. */

/** An object was written to a bucket. Of the message nothing but the two names is taken: whoever forged it can only make a worker look there. */
export interface ObjectHint {
  readonly bucket: string
  readonly object: string
  /** When the transport took the message in, in milliseconds since the epoch. */
  readonly at: number
  /** Acknowledges the message; one that is not comes again. */
  done(): Promise<void>
}

/** Something may be owed: that has no content. Or an object was written. */
export type Hint = undefined | ObjectHint

/** Where hints come from. */
export interface Transport {
  /** Label of the metric: `redis`, `nats`, `pubsub`, `notify`. */
  readonly name: string
  /** For messages: never holds a password. */
  readonly location: string
  /**
   * One connection's life: a hint once it stands, since something may have come before, and one for each message or for several of them. Ends or
   * throws when the connection does, and ends soon once the signal is aborted. Messages are acknowledged at once, and never read, but for those
   * about objects.
   */
  hints(signal: AbortSignal): AsyncIterable<Hint>
}

/** Gives hints to others. */
export interface Teller {
  readonly location: string
  /** Resolves once the message is handed over. Rejects with whatever went wrong. */
  tell(): Promise<void>
}

/** Where hints go to and come from, with what is needed to get there. */
export type WakePlace = RedisPlace | NatsPlace | PubsubPlace

interface Place {
  readonly location: string
}

interface ServerPlace extends Place {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly password?: string | undefined
  /** PEM certificates that the server's has to be signed by. */
  readonly ca?: string | undefined
  readonly isTls: boolean
}

export interface RedisPlace extends ServerPlace {
  readonly transport: 'redis'
  readonly database: number
  readonly stream: string
}

export interface NatsPlace extends ServerPlace {
  readonly transport: 'nats'
  readonly subject: string
}

export interface PubsubPlace extends Place {
  readonly transport: 'pubsub'
  /** `projects/P/subscriptions/S`, or `projects/P/topics/T` to tell. */
  readonly resource: string
}
