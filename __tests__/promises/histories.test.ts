import { tryHistories } from './history.ts'

tryHistories(1, 2 / 3)
