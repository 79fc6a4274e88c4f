/** Which file speaks to which database. Each is loaded when it is used: a driver costs nothing to those who use another. */
import type { Context } from '../../src/backend/backend.ts'
import { trustRoots } from '../../src/platform/http/roots.ts'
import type { Target } from './settings.ts'
import type { DocumentStore } from './store.ts'

/** @example const store = await openStore(readTarget(context), context) */
export async function openStore(target: Target, context: Context): Promise<DocumentStore> {
  switch (target.engine) {
    case 'sqlite':
      return (await import('./sqlite/store.ts')).openSqlite(target, context.random)
    case 'mongo':
      // The driver speaks no HTTP, so no HTTP proxy applies; its URL may name a SOCKS proxy (proxyHost).
      if (/^mongodb\+srv:|[?&](?:tls|ssl)=true/i.test(target.server)) await trustRoots(context.env)
      return (await import('./mongo/store.ts')).openMongo(target)
    case 'firestore':
      return (await import('./firestore/store.ts')).openFirestore(target, context)
    case 'dynamodb':
      return (await import('./dynamodb/store.ts')).openDynamo(target, context)
  }
}
