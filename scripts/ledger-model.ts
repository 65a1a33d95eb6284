// Searches the protocol of docs/secret-lifecycle.md for a way to lock somebody out, or to leave a secret behind: one run alone, and two in
// every order of their requests, with deaths, jumps of the clock and requests that come too late. It checks the design, not the program.
//   node scripts/ledger-model.ts [deaths=2] [late=1] [jumps=1] [ticks=0,1] [seconds=100] [variants=noGap,noOrder,lag]
import { type Options, search } from './ledger-model/search.ts'

const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const number = (name: string) => (given[name] === undefined ? undefined : Number(given[name]))
const options = {
  variants: given.variants?.split(','),
  ticks: given.ticks?.split(',').map(Number),
  deaths: number('deaths'),
  jumps: number('jumps'),
  late: number('late'),
  seconds: number('seconds'),
}
const rotating = { rotate: true }
for (const policies of [[rotating], [rotating, {}], [rotating, rotating]]) {
  const told = Object.entries(options).filter(([, value]) => value !== undefined)
  const { states, ends, residual, lockedOut, left, isCut } = search(policies, Object.fromEntries(told) as Options)
  console.log(
    `${policies.length} run(s)${isCut ? ', cut short' : ''}: ${states} states, ${ends} ends; P1 broken ${lockedOut.length}, P2 broken ${left.length}; a secret left by a death or a late request: ${residual}`,
  )
  for (const story of [...lockedOut, ...left].slice(0, 2)) console.log(`    ${story.join(' · ')}`)
  if (lockedOut.length + left.length > 0) process.exitCode = 1
}
