// The JSON Schema of a spec file, for editors: its shape from the program's own schema, its words from action.yml.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as z from 'zod/mini'
import { fileSchema } from '../src/spec/spec-schema.ts'

type Node = {
  properties?: Record<string, Node>
  items?: Node
  description?: string
  [key: string]: unknown
}

/** Descriptions of keys that only a file has, or that have another meaning there: by path, or else by name. */
const words: Record<string, string> = {
  version: 'Version of this format: 1.',
  tenant: 'The tenant: `https://acme.eu.qlikcloud.com`, or just the host. Needed here or as input.',
  environment:
    'Environment of the workflow that holds the credentials for this tenant. Only passed on in the output `matrix`.',
  defaults: 'Values for every client that leaves them out. `rotation` is filled key by key.',
  clients: 'The clients, each with a name of its own.',
  name: 'The client’s name on the tenant, at most 512 characters.',
  scopes: 'A list of scopes. At least one to create a client; `[]` clears them.',
  spaces:
    'Spaces that the client’s user is a member of, at most 20, each by `name` or `id`, with all the roles that it has there. A space that the action granted and this list no longer names is revoked; `[]` revokes all of them.',
  'spaces.name': 'The exact name of a space.',
  'spaces.id': 'The id of a space, as its address in the browser shows it.',
  roles: 'Roles as Qlik names them, such as `consumer`. Each type of space offers others.',
  rotation: 'How long a secret lives.',
  after: 'Rotate a secret that is older than this: `90d`, `24h`, `30m`. Default: never.',
  'redirect-uris':
    'Redirect addresses with their schemes (https://…, http://localhost…, myapp://…), five at most. `[]` clears them.',
  'allowed-origins':
    'Origins from which browsers may use the client: scheme, host and perhaps port, without a path; five at most. `[]` clears them.',
  'client-uri': 'The client’s home page.',
  'logo-uri': 'Address of the client’s logo.',
  state:
    '`absent` deletes the client, if the action made it, and its secrets and variables on GitHub. Default `present`.',
  deliver:
    'The places that receive the credentials, at most 20; `[]` for none. Required here or in `defaults`, unless `state` is `absent`.',
}

const inputs: Record<string, string> = { grace: 'grace-period' }

const secretName = '^([A-Za-z_]|\\{name\\})([A-Za-z0-9_]|\\{name\\})*$'

/** Keys that zod leaves to the program, because code checks them. */
const patterns: Record<string, Node> = {
  after: { type: 'string', pattern: '^[0-9]{1,6}[dhm]$', examples: ['90d', '24h'] },
  grace: { anyOf: [{ type: 'string', pattern: '^(0|[0-9]{1,6}[dhm])$' }, { const: 0 }], default: '24h' },
  'client-id-name': { type: 'string', pattern: secretName, default: 'QLIK_CLIENT_ID' },
  'client-secret-name': { type: 'string', pattern: secretName, default: 'QLIK_CLIENT_SECRET' },
}

/** The whole file as text. */
export function specSchemaText(): string {
  const action = parse(readFileSync(new URL('../action.yml', import.meta.url), 'utf8')) as {
    inputs: Record<string, { description: string }>
  }
  const schema = z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' }) as Node
  describeAll(schema, [], (path) => {
    const key = path.at(-1)!
    const nested = words[path.slice(-2).join('.')]
    const own = nested ?? (path.length === 1 || key !== 'environment' ? words[key] : undefined)
    const word =
      patterns[key]?.pattern === secretName ? ' `{name}` in it is replaced by the client’s name in upper case.' : ''
    const description = own ?? action.inputs[inputs[key] ?? key]?.description?.concat(word)
    if (description === undefined) throw new Error(`${path.join('.')} has no description`)
    return description
  })
  const absent = { properties: { state: { const: 'absent' } }, required: ['state'] }
  Object.assign(schema, {
    if: { properties: { defaults: { required: ['deliver'] } }, required: ['defaults'] },
    else: { properties: { clients: { items: { if: absent, else: { required: ['deliver'] } } } } },
  })
  const { $schema, ...rest } = schema
  const title = 'Spec file of qlik-oauth-client'
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`
}

function describeAll(node: Node, path: string[], words: (path: string[]) => string): void {
  for (const [key, property] of Object.entries(node.properties ?? {})) {
    const at = [...path, key]
    describeAll(property, at, words)
    const fixed = patterns[key]
    if (fixed !== undefined) delete property.anyOf
    // An empty default is not worth showing.
    if (typeof property.default === 'object') delete property.default
    const { ...shape } = property
    for (const name of Object.keys(property)) delete property[name]
    Object.assign(property, { description: words(at) }, shape, fixed)
  }
  if (node.items !== undefined) describeAll(node.items, path, words)
}
