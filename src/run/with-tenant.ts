import { createService, type Service } from '../io/http/service-client.ts'
import type { Transport } from '../io/http/transport.ts'
import type { Inputs } from '../io/inputs/inputs.ts'
import { createSession, type Session, signOut } from '../io/qlik/session.ts'
import { pause } from '../pause.ts'
import type { Surroundings } from '../ports.ts'
import type { ProcessSurroundings } from './program.ts'

type Connected = { transport: Transport; tenant: Service; session: Session; around: Surroundings }

/** Connects to the tenant for some work. Afterwards, also after a failure, signs out and closes all connections. */
export async function withTenant<T>(
  inputs: Inputs,
  { connect, clock, wallClock, stop, runner }: ProcessSurroundings,
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const around = { clock, stop, reporter: runner.reporter }
  const { transport, close } = connect(inputs.proxies)
  const tenant = createService('tenant', transport, around)
  const session = createSession(inputs.tenant, tenant.http, runner.mask, {
    wallClock,
    pause: (milliseconds) => pause(milliseconds, around),
  })
  try {
    return await work({ transport, tenant, session, around })
  } finally {
    await signOut(session)
    await close()
  }
}
