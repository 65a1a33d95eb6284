import { ActionError } from '../../base/errors.ts'
import { plain } from '../../base/text.ts'
import { type Destination, destinationLabel } from '../../model/destination.ts'
import type { DestinationReader, DestinationWriter } from '../../ports.ts'

/** A run without destinations has no token: it can neither read nor write on GitHub. */
export const withoutToken: { reader: DestinationReader; writer: DestinationWriter } = {
  reader: {
    read: async ([destination]) =>
      destination === undefined ? { destinations: new Map(), unread: new Map() } : needsToken(destination),
    prepare: needsToken,
    stamps: needsToken,
  },
  writer: {
    putSecret: ({ destination }) => needsToken(destination),
    putVariable: needsToken,
    restoreVariable: needsToken,
    remove: needsToken,
  },
}

function needsToken(destination: Destination): never {
  throw new ActionError(
    'INPUT_INVALID',
    `github-token: is missing, and the run must read ${plain(destinationLabel(destination))}`,
    'Give the token of a GitHub App, or a fine-grained personal access token.',
  )
}
