import { workerData } from 'node:worker_threads'
import { keepProgram } from '../kept-program.ts'

keepProgram()

const { VcpuThread } = await import('./vcpu-thread.ts')
new VcpuThread(workerData).serve()
