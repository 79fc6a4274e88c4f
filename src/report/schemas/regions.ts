/** Who publishes the keys of which region: the file of --regions and --key-publisher. */
import type { RegionEntry, RegionsFile } from '../../trust/publishers.ts'
import { file } from './document.ts'
import { list, object, says, TEXT } from './shape.ts'

const REGION = object<RegionEntry>(
  { name: says(TEXT, 'lower case letters, digits and -') },
  {
    file: says(TEXT, 'public keys of its publisher, PEM: a path, from the folder of this file; any of several counts'),
    pem: says(TEXT, 'the public keys themselves, in place of file'),
  },
  'a region and its publisher: either file or pem',
)

export const schema = file('regions of prov', object<RegionsFile>({ v: { const: 1 }, regions: list(REGION) }, {}))
