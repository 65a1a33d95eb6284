import { toActionError } from '../../src/base/errors.ts'
import { readInputs } from '../../src/io/inputs/inputs.ts'
import { type ProcessSurroundings, perform } from '../../src/run/program.ts'
import { clientSchema } from '../../src/spec/client-spec.ts'

/** A client as a spec file has it. */
export type WrittenClient = Record<string, unknown>

/** The program for clients as a spec file has them: inputs alone name one client with one destination at most. */
export function programFor(clients: WrittenClient[]): (host: ProcessSurroundings) => Promise<void> {
  return async (host) => {
    try {
      const written = clients.map((client) => clientSchema.parse(client))
      await perform({ ...(await readInputs(host.env, host.runner.mask)), clients: written }, host)
    } catch (thrown) {
      host.runner.fail(toActionError(thrown))
    }
  }
}
