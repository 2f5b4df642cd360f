<?php
// A Laravel application: tables by its schema builder, the last migration as its authors wrote it for asynchronous messages, rows by Eloquent.
foreach (['Database', 'Support', 'Events', 'Container'] as $part)
	require_once "/usr/share/php/Illuminate/$part/autoload.php";
use Illuminate\Database\Capsule\Manager as Capsule;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Facade;
use Illuminate\Support\Facades\Schema;
use Illuminate\Support\Carbon;
use Illuminate\Support\Str;

error_reporting(E_ALL & ~E_DEPRECATED);
$capsule = new Capsule;
$capsule->addConnection(['driver' => 'pgsql', 'host' => getenv('APP_HOST'), 'port' => 5432, 'database' => 'signalbox', 'username' => 'app', 'password' => '',
	'charset' => 'utf8', 'prefix' => '', 'schema' => 'public', 'sslmode' => 'disable']);
$capsule->setAsGlobal();
$capsule->bootEloquent();
$capsule->getContainer()->instance('db', $capsule->getDatabaseManager());
Facade::setFacadeApplication($capsule->getContainer());

class User extends Model { protected $guarded = []; }
class AiSession extends Model {
	protected $table = 'ai_sessions';
	protected $guarded = [];
	public function messages() { return $this->hasMany(AiMessage::class, 'session_id'); }
}
class AiMessage extends Model {
	protected $table = 'ai_messages';
	protected $guarded = [];
	protected $casts = ['rag_context' => 'array', 'queued_at' => 'datetime', 'processing_completed_at' => 'datetime'];
	public function session() { return $this->belongsTo(AiSession::class, 'session_id'); }
}
class Feedback extends Model { protected $guarded = []; }

function tables()
{
	Schema::create('users', function (Blueprint $t) { $t->id(); $t->string('name'); $t->timestamps(); });
	Schema::create('ai_agents', function (Blueprint $t) { $t->id(); $t->string('slug')->unique(); });
	Schema::create('ai_sessions', function (Blueprint $t) {
		$t->id();
		$t->uuid('uuid')->unique();
		$t->foreignId('agent_id')->constrained('ai_agents');
		$t->foreignId('user_id')->constrained()->cascadeOnDelete();
		$t->integer('message_count')->default(0);
		$t->timestamps();
	});
	Schema::create('ai_messages', function (Blueprint $t) {
		$t->id();
		$t->uuid('uuid')->unique();
		$t->foreignId('session_id')->constrained('ai_sessions')->cascadeOnDelete();
		$t->enum('role', ['user', 'assistant', 'system']);
		$t->text('content');
		$t->json('rag_context')->nullable();
		$t->string('model_used', 100)->nullable();
		$t->unsignedInteger('tokens_prompt')->nullable();
		$t->unsignedInteger('tokens_completion')->nullable();
		$t->unsignedInteger('generation_time_ms')->nullable();
		$t->timestamps();
		$t->softDeletes();
		$t->index(['session_id', 'created_at']);
	});
	Schema::create('feedback', function (Blueprint $t) { $t->id(); $t->foreignId('message_id')->constrained('ai_messages')->cascadeOnDelete(); $t->smallInteger('stars'); $t->timestamps(); });
	(new class extends Migration
	{
		public function up(): void
		{
			Schema::table('ai_messages', function (Blueprint $table) {
				$table->string('processing_status', 20)->default('completed')->after('content');
				$table->timestamp('queued_at')->nullable()->after('processing_status');
				$table->timestamp('processing_started_at')->nullable()->after('queued_at');
				$table->timestamp('processing_completed_at')->nullable()->after('processing_started_at');
				$table->text('processing_error')->nullable()->after('processing_completed_at');
				$table->string('job_id', 36)->nullable()->after('processing_error');
				$table->integer('retry_count')->default(0)->after('job_id');

				$table->index(['processing_status', 'role']);
				$table->index('queued_at');
			});

			DB::table('ai_messages')
				->where('role', 'assistant')
				->whereNull('processing_status')
				->update(['processing_status' => 'completed']);
		}
	})->up();
	DB::connection()->unprepared("create function touch() returns trigger language plpgsql as \$\$ begin new.updated_at = now(); return new; end \$\$;
		create trigger touch before update on ai_messages for each row execute function touch()");
	DB::table('ai_agents')->insert(['slug' => 'luna']);
	foreach (['ann', 'ben', 'zoe'] as $name)
		User::create(['name' => $name]);
	$s = session('ann');
	foreach (['completed', 'queued', 'processing', 'failed'] as $i => $status) {
		AiMessage::create(['uuid' => Str::uuid()->toString(), 'session_id' => $s->id, 'role' => 'user', 'content' => "old question $i"]);
		AiMessage::create(['uuid' => Str::uuid()->toString(), 'session_id' => $s->id, 'role' => 'assistant', 'content' => 'old answer', 'processing_status' => $status,
			'queued_at' => '2024-05-06 07:08:09', 'job_id' => (string) ($i + 17), 'rag_context' => ['z' => 1, 'a' => [1.50, "\u{e9}"]]]);
	}
	Feedback::create(['message_id' => AiMessage::first()->id, 'stars' => 5]);
	return 'made';
}
function session($name)
{
	return AiSession::create(['uuid' => Str::uuid()->toString(), 'agent_id' => 1, 'user_id' => User::where('name', $name)->firstOrFail()->id]);
}
function made($name)
{
	$s = session($name);
	$m = $s->messages()->create(['uuid' => Str::uuid()->toString(), 'role' => 'user', 'content' => "secret of $name"]);
	if (!$m->id || $m->fresh()->content !== "secret of $name" || !$m->fresh()->created_at->isToday())
		throw new Exception('its row is not what was written');
	return $s->id;
}
function answer(AiMessage $m)
{
	for ($i = 0; $i < 300 && in_array($m->refresh()->processing_status, ['pending', 'queued', 'processing']); $i++)
		usleep(100000);
	if ($m->processing_status !== 'completed' || abs($m->processing_completed_at->diffInSeconds()) > 60)
		throw new Exception("it is $m->processing_status at $m->processing_completed_at");
	return $m->content;
}
function told($id, $text)
{
	$s = AiSession::findOrFail($id);
	$d = DB::select("select message_id from signalbox.dispatch('luna', ?, session => ?)", [$text, $s->uuid])[0];
	return answer(AiMessage::where('uuid', $d->message_id)->firstOrFail());
}
// As its dispatcher did before there was a worker of ours.
function direct($id, $text)
{
	$s = AiSession::findOrFail($id);
	AiMessage::create(['uuid' => Str::uuid()->toString(), 'session_id' => $s->id, 'role' => 'user', 'content' => $text]);
	$m = AiMessage::create(['uuid' => Str::uuid()->toString(), 'session_id' => $s->id, 'role' => 'assistant', 'content' => '', 'processing_status' => 'pending', 'created_at' => Carbon::now()]);
	$m->update(['processing_status' => 'queued', 'queued_at' => Carbon::now(), 'job_id' => null]);
	return answer($m);
}
function edited($id)
{
	$m = AiSession::findOrFail($id)->messages()->where('role', 'user')->firstOrFail();
	$m->update(['content' => 'said differently']);
	Feedback::create(['message_id' => $m->id, 'stars' => 1]);
	return $m->fresh()->content === 'said differently' && $m->fresh()->updated_at !== null ? 'edited' : 'not edited';
}
function deleted($id)
{
	AiSession::findOrFail($id)->delete();
	return AiMessage::where('session_id', $id)->exists() ? 'still there' : 'gone';
}
while (($line = fgets(STDIN)) !== false) {
	$w = explode(' ', trim($line), 3);
	try {
		$said = match ($w[0]) {
			'make' => tables(), 'rows' => AiMessage::with('session')->get()->filter(fn ($m) => $m->session)->count(), 'new' => made($w[1]),
			'tell' => told($w[1], $w[2]), 'direct' => direct($w[1], $w[2]), 'edit' => edited($w[1]), 'delete' => deleted($w[1]),
		};
	} catch (Throwable $e) {
		$said = 'error: ' . $e->getMessage();
	}
	echo str_replace("\n", ' ', $said), "\n";
}
