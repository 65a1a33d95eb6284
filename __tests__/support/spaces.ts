import { expect } from 'vitest'
import type { Assignment, Space } from '../../sandbox/tenant/spaces-model.ts'
import type { Simulation } from './simulation.ts'

/** Who is a member of what: roles by the names of spaces. */
export function memberships({ sandbox: { tenant } }: Simulation, name = 'deployer'): Record<string, string[]> {
  const bots = tenant.findByName(name).flatMap(({ clientId }) => tenant.knownBot(clientId) ?? [])
  const spaces = [...tenant.spaces.all.values()]
  return Object.fromEntries(
    bots.flatMap(({ id }) =>
      spaces.flatMap((space) => {
        const has = tenant.spaces.of(space.id, id)
        return has === undefined ? [] : [[space.name, [...has.roles].sort()]]
      }),
    ),
  )
}

/** Memberships that somebody else than the action made: none of them is ever revoked. */
export class ForeignMembers {
  readonly #made: Assignment[] = []
  readonly #simulation: Simulation

  constructor(simulation: Simulation) {
    this.#simulation = simulation
  }

  /** Somebody makes the client's user a member. */
  add(space: Space, userId: string, roles: string[]): void {
    const { spaces } = this.#simulation.sandbox.tenant
    this.#made.push(spaces.assign(space.id, userId, roles, { by: 'maria' }))
  }

  /** What people did to what people made is nobody's fault. */
  excuse(): void {
    const { assignments } = this.#simulation.sandbox.tenant.spaces
    const left = this.#made.filter(({ id }) => assignments.has(id))
    this.#made.splice(0, this.#made.length, ...left)
  }

  expectKept(): void {
    const { assignments } = this.#simulation.sandbox.tenant.spaces
    expect(this.#made.filter(({ id }) => !assignments.has(id))).toEqual([])
  }
}
