/** What prov knows of this backend before its code is loaded. */
import { backendRow } from '../../src/backend/row.ts'

export const docdb = backendRow({
  summary: 'documents of MongoDB, Firestore, DynamoDB or an SQLite file, as Tekton Chains writes them',
  load: () => import('./backend.ts'),
  variables: [
    'MONGO_SERVER_URL',
    'FIRESTORE_EMULATOR_HOST',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'AWS_ENDPOINT_URL_DYNAMODB',
    'AWS_ENDPOINT_URL',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_PROFILE',
  ],
  settings: {
    chains: {
      'storage.docdb.url': {
        type: 'string',
        meaning: "go-cloud's docstore URL (mongo://DB/COLL?id_field=Name, firestore://…, dynamodb://…), or sqlite:PATH",
      },
      'storage.docdb.mongo-server-url': {
        type: 'string',
        secret: true,
        meaning: 'MongoDB server; may hold a password',
      },
      'storage.docdb.mongo-server-url-dir': {
        type: 'string',
        meaning: 'folder whose file MONGO_SERVER_URL names the server',
      },
      'storage.docdb.mongo-server-url-path': {
        type: 'string',
        meaning:
          'file that names the server; counts before the folder, that before the value, that before MONGO_SERVER_URL',
      },
    },
  },
})
