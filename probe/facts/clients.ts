import { granted } from '../bench.ts'
import { type Fact, inSeconds, inWords, listed, mainClient, plainClient, taken } from '../fact.ts'
import { clientsPath, readPage } from '../own-clients.ts'
import { Untold } from '../wire.ts'

/** Facts about clients: how they are listed, created, read and changed. */
export const clientFacts: Fact[] = [
  {
    id: 'page-limit',
    question: 'How many clients does a page of the list contain, if 100 are requested?',
    settings: ['pageLimit'],
    find: async (bench) => {
      const { clients, next } = await readPage((ask) => bench.admin(ask), `${clientsPath}?limit=100`)
      if (
        clients.length > 0 &&
        clients.every((it) => it.connectionConfig === undefined && it.clientSecrets === undefined)
      )
        throw new Untold('the list has the form for people who are not administrators')
      const count = clients.length
      // Other people's clients are only counted.
      if (next === undefined) return { reads: `${count} at least: this tenant has no more clients` }
      return { reads: String(count), settings: { pageLimit: count } }
    },
  },
  {
    id: 'addresses-as-ids',
    question: 'Does the list show clients whose id is an address (client ID metadata documents)?',
    settings: [],
    find: async (bench) => {
      const { clients, next } = await readPage((ask) => bench.admin(ask), `${clientsPath}?limit=100`)
      const found = clients.filter(({ clientId }) => /^https?:/.test(String(clientId))).length
      const seen = next === undefined ? '' : ', of the first page'
      return { reads: found === 0 ? `no, or there are none${seen}` : `yes (${found}${seen})` }
    },
  },
  {
    id: 'list-delay',
    question: 'When is a new client listed?',
    settings: ['listDelay'],
    find: async (bench) => {
      const { id, bornAt } = await plainClient(bench)
      const isListed = async () => (await bench.filtered(`clientId eq "${id}"`)).some(({ clientId }) => clientId === id)
      const delay = await bench.delay(bornAt, isListed)
      return { reads: inWords(delay), settings: { listDelay: inSeconds(delay) ?? 120 } }
    },
  },
  {
    id: 'secret-stamps',
    question: 'Does the list say when each secret was created?',
    settings: ['stampsOfSecrets'],
    find: async (bench) => {
      const { clientSecrets } = await listed(bench, (await plainClient(bench)).id)
      if (!Array.isArray(clientSecrets) || clientSecrets.length === 0) throw new Untold('the list shows no secrets')
      const present = typeof clientSecrets[0].createdAt === 'string'
      return { reads: present ? 'yes' : 'no', settings: { stampsOfSecrets: present ? 'present' : 'absent' } }
    },
  },
  {
    id: 'read-shows-secrets',
    question: 'Does reading one client show its secrets’ hints?',
    settings: ['getShowsSecrets'],
    find: async (bench) => {
      const { body } = granted('reading a client')(await bench.client((await plainClient(bench)).id))
      const shows = Array.isArray(body.clientSecrets)
      return { reads: shows ? 'yes' : 'no, only the list does', settings: { getShowsSecrets: shows } }
    },
  },
  {
    id: 'replace-absent',
    question: 'Can a patch `replace` a field that has no value?',
    settings: ['replaceAbsent'],
    find: async (bench) => {
      const { id } = await plainClient(bench)
      const before = granted('reading a client')(await bench.client(id))
      if (before.body.description) throw new Untold('a new client has a description of its own')
      const reply = await bench.patch(id, [{ op: 'replace', path: '/description', value: 'Made by a probe' }])
      const allowed = taken(reply)
      return {
        reads: allowed ? 'yes' : `no: ${reply.refusal}`,
        settings: { replaceAbsent: allowed ? 'allowed' : 'refused' },
      }
    },
  },
  {
    id: 'answer-to-create',
    question: 'Does the answer to a creation list the secrets, or hold one hint in the older form?',
    settings: ['legacyHint'],
    find: async (bench) => {
      const { body } = (await mainClient(bench)).created
      if (Array.isArray(body.clientSecrets)) return { reads: 'a list', settings: { legacyHint: false } }
      if (!body.clientSecretHint) throw new Untold('it has neither')
      return { reads: 'one hint, in the older form', settings: { legacyHint: true } }
    },
  },
  {
    id: 'consent-at-creation',
    question: 'Is a client trusted that was created with trusted consent?',
    settings: ['createConsent'],
    find: async (bench) => {
      const { consentAtBirth } = await mainClient(bench)
      const honoured = consentAtBirth === 'trusted'
      return {
        reads: honoured ? 'yes' : 'no, consent has to be set afterwards',
        settings: { createConsent: honoured ? 'honoured' : 'ignored' },
      }
    },
  },
  {
    id: 'duplicate-names',
    question: 'May two clients have the same name?',
    settings: ['duplicateNames'],
    find: async (bench) => {
      const { name } = await mainClient(bench)
      const reply = await bench.own.create({ clientName: name })
      const accepted = taken(reply)
      if (accepted) await bench.own.remove(String(reply.body.clientId))
      return {
        reads: accepted ? 'yes' : `no: ${reply.refusal}`,
        settings: { duplicateNames: accepted ? 'accepted' : 'refused' },
      }
    },
  },
  {
    id: 'unknown-scopes',
    question: 'How does the tenant handle a scope that does not exist?',
    settings: ['unknownScopes'],
    find: async (bench) => {
      const scope = 'no-such-scope:probe'
      const allowedScopes = ['user_default', scope]
      const reply = await bench.own.create({ clientName: bench.own.nextName(), allowedScopes })
      if (!taken(reply)) return { reads: `refused: ${reply.refusal}`, settings: { unknownScopes: 'refused' } }
      const id = String(reply.body.clientId)
      const { body } = await bench.client(id)
      await bench.own.remove(id)
      const kept = Array.isArray(body.allowedScopes) && body.allowedScopes.includes(scope)
      return { reads: kept ? 'accepted, and kept' : 'accepted, and dropped', settings: { unknownScopes: 'accepted' } }
    },
  },
  {
    id: 'unknown-fields',
    question: 'How does the tenant handle a field that does not exist?',
    settings: ['unknownFields'],
    find: async (bench) => {
      const reply = await bench.own.create({ clientName: bench.own.nextName(), noSuchField: 'probe' })
      if (!taken(reply)) return { reads: `refused: ${reply.refusal}`, settings: { unknownFields: 'refused' } }
      await bench.own.remove(String(reply.body.clientId))
      return { reads: 'ignored', settings: { unknownFields: 'ignored' } }
    },
  },
  {
    id: 'filter-case',
    question: 'Is the list’s filter for names case-sensitive?',
    settings: ['filterCase'],
    find: async (bench) => {
      const { id, name } = await mainClient(bench)
      await listed(bench, id)
      const finds = async (text: string) =>
        (await bench.filtered(`clientName eq ${JSON.stringify(text)}`)).some(({ clientId }) => clientId === id)
      if (!(await finds(name))) throw new Untold('the filter does not find the exact name')
      const insensitive = await finds(name.toUpperCase())
      return {
        reads: insensitive ? 'no' : 'yes',
        settings: { filterCase: insensitive ? 'insensitive' : 'sensitive' },
      }
    },
  },
  {
    id: 'filter-characters',
    question: 'Does the filter find names with quotes, backslashes and the like, escaped as in JSON?',
    settings: [],
    find: async (bench) => {
      const { id, name } = await mainClient(bench)
      const odd: string[] = []
      for (const character of ['"', '\\', "'", '%', '+', '&', 'ü']) {
        const value = `${name} ${character} x`
        granted('renaming')(await bench.patch(id, [{ op: 'replace', path: '/clientName', value }]))
        const query = new URLSearchParams({ filter: `clientName eq ${JSON.stringify(value)}`, limit: '100' })
        const reply = await bench.admin({ method: 'GET', path: `${clientsPath}?${query}` })
        const found = Array.isArray(reply.body.data) && reply.body.data.some(({ clientId }) => clientId === id)
        if (!found) odd.push(`${character} (${reply.refusal ?? 'not found'})`)
      }
      await bench.patch(id, [{ op: 'replace', path: '/clientName', value: name }])
      return { reads: odd.length === 0 ? 'yes' : `not with ${odd.join(', ')}` }
    },
  },
]
