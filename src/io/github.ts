import { type Destination, destinationLabel } from '../domain/destination.ts'
import { ActionError } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import { plain } from '../domain/text.ts'
import type { DestinationReader, DestinationWriter } from '../ports.ts'
import { prepare, read, repositoryId, stamps } from './github-read.ts'
import { putSecret, putVariable, remove, restoreVariable } from './github-write.ts'
import type { Http } from './http.ts'

export type GitHub = {
  reader: DestinationReader
  writer: DestinationWriter
  repositoryId: (owner: string, name: string) => Promise<string>
}

/** Secrets and variables of GitHub. Every scope has its own public key, fetched just before it is used. */
export function createGitHub(baseUrl: string, token: Secret, http: Http): GitHub {
  const api = { baseUrl, token, http }
  return {
    reader: {
      read: (destinations) => read(api, destinations),
      prepare: (destination) => prepare(api, destination),
      stamps: async (destination) => (await stamps(api, destination)).value,
    },
    writer: {
      putSecret: (destination, name, value, prepared, sendBy) =>
        putSecret(api, { destination, name, value, prepared, sendBy }),
      putVariable: (destination, value, exists) => putVariable(api, destination, value, exists),
      restoreVariable: (destination, before) => restoreVariable(api, destination, before),
      remove: (destination, parts) => remove(api, destination, parts),
    },
    repositoryId: (owner, name) => repositoryId(api, owner, name),
  }
}

/** Where nothing is delivered there is no token, nothing to read, and only one write that could be wanted all the same. */
export const nowhere: Pick<GitHub, 'reader' | 'writer'> = {
  reader: {
    read: async () => ({ destinations: new Map(), unread: new Map() }),
    prepare: needsToken,
    stamps: needsToken,
  },
  writer: { putSecret: needsToken, putVariable: needsToken, restoreVariable: needsToken, remove: needsToken },
}

function needsToken(destination: Destination): never {
  throw new ActionError(
    'INPUT_INVALID',
    `github-token: is missing, and ${plain(destinationLabel(destination))} has to be written`,
    'Give the token of a GitHub App, or a fine-grained personal access token.',
  )
}
