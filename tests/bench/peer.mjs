// A worker process of the comparison, and what fills its queue.
//
//   node peer.mjs VERB QUEUE key=value...     QUEUE: graphile | pgboss
//     setup              the queue's own schema, empty
//     fill  messages=N   N jobs
//     sql                the statement that sends the job of message :n, for the stopwatch
//     run   provider=URL concurrency=N ...     until SIGTERM; says "ready SECONDS" when it takes jobs
// Settings of graphile: concurrency local (size of the local queue) delay (completeJobBatchDelay) pool.
// Settings of pgboss:   concurrency batch, style=work (boss.work, concurrency / batch workers) | fetch (own loop around boss.fetch).
// Both: provider=URL (none: no-op jobs), notify=1, reads writes lanes (work.mjs). Database: DATABASE_URI.
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { Nothing, Work } from './work.mjs';

const [verb, queue, ...rest] = process.argv.slice(2);
const o = { concurrency: 64, local: 500, delay: 0, pool: 10, batch: 100, style: 'work', lanes: 2, reads: 100, writes: 200, notify: 0 };
for (const pair of rest) {
	const [k, v] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
	o[k] = v !== '' && !isNaN(v) ? Number(v) : v;
}
const url = process.env.DATABASE_URI;
const silent = new Logger(() => () => {});
const say = (line) => process.stderr.write(line + '\n');

async function psql(text, values) {
	const c = new pg.Client({ connectionString: url });
	await c.connect();
	const r = await c.query(text, values);
	await c.end();
	return r;
}

const graphile = {
	preset: () => ({ worker: { connectionString: url, concurrentJobs: o.concurrency, maxPoolSize: o.pool, pollInterval: 2000,
		localQueue: o.local > 0 ? { size: o.local } : undefined, completeJobBatchDelay: o.delay, failJobBatchDelay: o.delay, logger: silent } }),
	async setup() {
		await psql('drop schema if exists graphile_worker cascade');
		const utils = await makeWorkerUtils({ connectionString: url, logger: silent });
		await utils.migrate();
		await utils.release();
	},
	async fill() {
		await psql(`select count(*) from graphile_worker.add_jobs(array(
			select row('message', json_build_object('id', 2 * i), null, null, null, null, null, null)::graphile_worker.job_spec
			from generate_series(1, $1::int) i))`, [o.messages]);
		await psql('vacuum analyze graphile_worker._private_jobs');
	},
	sql: () => `select graphile_worker.add_job('message', json_build_object('id', 2 * :n))`,
	async run(work) {
		// What completes itself in batches is a job's end only when its batch is written; the handler's promise is not waited for by others.
		const runner = await run({ preset: this.preset(), noHandleSignals: true, taskList: { message: (payload) => work.message(payload.id) } });
		runner.events.on('job:error', ({ error }) => say(`job failed: ${error}`));
		return () => runner.stop();
	},
};

const pgboss = {
	boss: () => new PgBoss({ connectionString: url, max: o.pool, useListenNotify: !!o.notify, supervise: false, schedule: false }),
	async setup() {
		await psql('drop schema if exists pgboss cascade');
		const boss = this.boss();
		boss.on('error', (e) => say(String(e)));
		await boss.start();
		await boss.createQueue('message', { notify: !!o.notify, expireInSeconds: 3600 });
		await boss.stop({ graceful: false });
	},
	async fill() {
		const boss = this.boss();
		await boss.start();
		for (let i = 1; i <= o.messages; i += 5000)
			await boss.insert('message', Array.from({ length: Math.min(5000, o.messages - i + 1) }, (_, k) => ({ data: { id: 2 * (i + k) } })));
		await boss.stop({ graceful: false });
		await psql('vacuum analyze pgboss.job_common');
	},
	async sql() {
		const { insertJobs } = await import('./node_modules/pg-boss/dist/plans.js');
		const sql = insertJobs('pgboss', { table: 'job_common', name: 'message', returnId: true, notify: !!o.notify });
		return sql.replace('$1', () => `json_build_array(json_build_object('data', json_build_object('id', 2 * :n)))`);
	},
	async run(work) {
		const boss = this.boss();
		boss.on('error', (e) => say(`pg-boss: ${e}`));
		await boss.start();
		if (o.style === 'fetch')
			return this.loop(boss, work);
		await boss.work('message', { batchSize: o.batch, localConcurrency: Math.max(1, Math.round(o.concurrency / o.batch)), pollingIntervalSeconds: 0.5,
			burstWhenBatchFull: true }, (jobs) => Promise.all(jobs.map((j) => work.message(j.data.id))));
		return () => boss.stop({ graceful: true, timeout: 5000 });
	},
	// Fetches for the free places, completes what has ended together: a place is not held back by the slowest of its batch.
	async loop(boss, work) {
		let busy = 0, ending = false, wake = () => {}, done = [], completing = null;
		const complete = async () => {
			while (done.length > 0)
				await boss.complete('message', done.splice(0, 1000));
			completing = null;
		};
		const one = (job) => work.message(job.data.id).then(() => {
			done.push(job.id);
			completing ??= complete();
		}, (err) => boss.fail('message', job.id, err)).finally(() => {
			busy--;
			wake();
		});
		const main = (async () => {
			while (!ending) {
				const free = Math.min(o.batch, o.concurrency - busy);
				const jobs = free >= Math.min(o.batch, o.concurrency / 2) ? await boss.fetch('message', { batchSize: free }) : [];
				busy += jobs.length;
				jobs.forEach(one);
				if (jobs.length === 0)
					await new Promise((r) => {
						const t = setTimeout(r, 500);
						wake = () => { clearTimeout(t); r(); };
					});
			}
		})();
		return async () => {
			ending = true;
			wake();
			await main;
			await completing;
			await boss.stop({ graceful: false });
		};
	},
};

const peer = { graphile, pgboss }[queue];
if (verb === 'run') {
	const work = o.provider ? new Work(url, o.provider, o) : new Nothing();
	await work.ready();
	const stop = await peer.run(work);
	say(`ready ${(performance.timeOrigin + performance.now()) / 1000}`);
	let stopping = false;
	process.on('SIGTERM', async () => {
		if (stopping)
			return;
		stopping = true;
		await stop();
		await work.end();
		process.exit(0);
	});
} else if (verb === 'sql') {
	console.log(await peer.sql());
} else {
	await peer[verb]();
}
