// An application with Prisma's client. Its tables are tables.sql, in the words of `prisma migrate`, whose engine no registry holds.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';

const at = { host: process.env.APP_HOST, port: 5432, user: 'app', database: 'signalbox' };
const db = new PrismaClient({ adapter: new PrismaPg(at) });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const commands = {
	async make() {
		const client = new pg.Client(at);
		await client.connect();
		await client.query(readFileSync(new URL('tables.sql', import.meta.url), 'utf8'));
		await client.end();
		await db.user.createMany({ data: ['ann', 'ben', 'zoe'].map((name) => ({ name })) });
		const s = await db.aiSession.create({ data: { user: { connect: { name: 'ann' } } } });
		for (const processingStatus of ['completed', 'queued', 'failed']) {
			await db.aiMessage.create({ data: { sessionId: s.id, role: 'user', content: 'old question', feedback: { create: { stars: 5 } } } });
			await db.aiMessage.create({ data: { sessionId: s.id, role: 'assistant', content: 'old answer', processingStatus } });
		}
		return 'made';
	},
	rows: async () => (await db.aiMessage.findMany({ where: { sessionId: { gt: 0 } }, include: { session: { include: { user: true } } } })).length,
	async new(name) {
		const s = await db.aiSession.create({
			data: { user: { connect: { name } }, messages: { create: { role: 'user', content: `secret of ${name}` } } }, include: { messages: true } });
		const [m] = s.messages;
		if (m.content !== `secret of ${name}` || Math.abs(Date.now() - m.createdAt) > 60000) throw new Error('its row is not what was written');
		return s.id;
	},
	async answer(where) {
		for (let i = 0; i < 300; i++) {
			const m = await db.aiMessage.findUniqueOrThrow({ where });
			if (m.processingStatus === 'completed' && Math.abs(Date.now() - m.updatedAt) < 60000) return m.content;
			if (['failed', 'cancelled'].includes(m.processingStatus)) throw new Error(m.processingStatus);
			await sleep(100);
		}
		throw new Error('no answer');
	},
	async tell(number, text) {
		const { uuid } = await db.aiSession.findUniqueOrThrow({ where: { id: Number(number) } });
		const [told] = await db.$queryRaw`select message_id::text from signalbox.dispatch('luna', ${text}, session => ${uuid}::uuid)`;
		return commands.answer({ uuid: told.message_id });
	},
	async direct(number, text) {
		const [, m] = await db.$transaction([
			db.aiMessage.create({ data: { sessionId: Number(number), role: 'user', content: text } }),
			db.aiMessage.create({ data: { sessionId: Number(number), role: 'assistant', processingStatus: 'queued' } }),
		]);
		return commands.answer({ id: m.id });
	},
	async edit(number) {
		const { id } = await db.aiMessage.findFirstOrThrow({ where: { sessionId: Number(number), role: 'user' } });
		await db.aiMessage.update({ where: { id }, data: { content: 'said differently', feedback: { create: { stars: 1 } } } });
		return (await db.aiMessage.count({ where: { id, content: 'said differently' } })) === 1 ? 'edited' : 'not edited';
	},
	async delete(number) {
		await db.aiSession.delete({ where: { id: Number(number) } });
		return (await db.aiMessage.count({ where: { sessionId: Number(number) } })) === 0 ? 'gone' : 'still there';
	},
};
for await (const line of createInterface({ input: process.stdin })) {
	const [word, number, ...text] = line.trim().split(' ');
	let said;
	try {
		said = await commands[word](number, text.join(' '));
	} catch (e) {
		said = `error: ${e.message}`;
	}
	console.log(String(said).replaceAll('\n', ' '));
}
