/** Which file speaks to which database. Each is loaded when it is used: a driver costs nothing to those who use another. */
import type { Context } from '../../src/backend/backend.ts'
import type { Target } from './settings.ts'
import type { DocumentStore } from './store.ts'

/** @example const store = await openStore(readTarget(context), context) */
export async function openStore(target: Target, { random }: Pick<Context, 'random'>): Promise<DocumentStore> {
  switch (target.engine) {
    case 'sqlite':
      return (await import('./sqlite/store.ts')).openSqlite(target, random)
    case 'mongo':
      return (await import('./mongo/store.ts')).openMongo(target)
    case 'firestore':
      return (await import('./firestore/store.ts')).openFirestore(target)
    case 'dynamodb':
      return (await import('./dynamodb/store.ts')).openDynamo(target)
  }
}
