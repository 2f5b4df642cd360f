# A Rails application: tables by a migration, rows by ActiveRecord, which reads of the database what a table's key and columns are, and keeps statements prepared.
require 'active_record'
require 'securerandom'
$stdout.sync = true
ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['APP_HOST'], port: 5432, database: 'signalbox', username: 'app')
ActiveRecord::Migration.verbose = false

class MakeTables < ActiveRecord::Migration[6.1]
  def change
    create_table(:users) { |t| t.string :name, null: false; t.timestamps }
    create_table :ai_sessions do |t|
      t.references :user, null: false, foreign_key: true
      t.string :title
      t.timestamps
    end
    create_table :ai_messages do |t|
      t.uuid :uuid, null: false, default: 'gen_random_uuid()', index: { unique: true }
      t.references :session, null: false, foreign_key: { to_table: :ai_sessions, on_delete: :cascade }
      t.string :role, null: false
      t.text :content
      t.string :processing_status, null: false, default: 'completed'
      t.datetime :queued_at
      t.jsonb :metadata, null: false, default: {}
      t.datetime :discarded_at
      t.timestamps
      t.index :queued_at, where: "processing_status in ('queued', 'processing')"
      t.check_constraint "role in ('user', 'assistant')", name: 'a_known_role'
    end
    create_table :feedbacks do |t|
      t.references :ai_message, null: false, foreign_key: { on_delete: :cascade }
      t.integer :stars, limit: 2, null: false
      t.timestamps
    end
  end
end

class User < ActiveRecord::Base; end
class AiSession < ActiveRecord::Base
  belongs_to :user
  has_many :messages, class_name: 'AiMessage', foreign_key: :session_id
end
class AiMessage < ActiveRecord::Base
  belongs_to :session, class_name: 'AiSession'
  has_many :feedbacks
  enum processing_status: %w[pending queued processing completed failed cancelled].to_h { |s| [s, s] }
  validates :role, inclusion: %w[user assistant]
end
class Feedback < ActiveRecord::Base; belongs_to :ai_message; end

def make
  MakeTables.migrate(:up)
  %w[ann ben zoe].each { |name| User.create!(name: name) }
  s = AiSession.create!(user: User.find_by!(name: 'ann'))
  %w[completed queued failed].each do |status|
    s.messages.create!(role: 'user', content: 'old question')
    s.messages.create!(role: 'assistant', content: (status == 'failed' ? nil : 'old answer'), processing_status: status, queued_at: Time.utc(2024, 5, 6, 7, 8, 9))
  end
  AiMessage.first.feedbacks.create!(stars: 5)
  'made'
end

def rows = AiMessage.includes(session: :user).to_a.count { |m| m.session&.user }

def fresh(name)
  AiSession.transaction do
    s = AiSession.create!(user: User.find_by!(name: name))
    m = s.messages.create!(role: 'user', content: "secret of #{name}")
    raise 'its row is not what was written' unless m.id && m.reload.content == "secret of #{name}" && (Time.now - m.created_at).abs < 60
    s.id
  end
end

def answer(m)
  300.times { m.reload.queued? || m.processing? || m.pending? ? sleep(0.1) : break }
  raise "it is #{m.processing_status}" unless m.completed? && (Time.now - m.queued_at).abs < 60 && m.updated_at
  m.content
end

def tell(number, text)
  uuid = AiSession.connection.select_value(AiSession.sanitize_sql(['select uuid from signalbox.ai_sessions where id = ?', number]))
  told = AiSession.connection.select_value(AiSession.sanitize_sql(["select message_id from signalbox.dispatch('luna', ?, session => ?)", text, uuid]))
  answer(AiMessage.find_by!(uuid: told))
end

def direct(number, text)
  answer(AiMessage.transaction do
    s = AiSession.lock.find(number)
    s.messages.create!(role: 'user', content: text)
    s.messages.create!(role: 'assistant', processing_status: 'queued')
  end)
end

def edit(number)
  m = AiSession.find(number).messages.where(role: 'user').order(:id).first!
  m.update!(content: 'said differently')
  m.feedbacks.create!(stars: 1)
  AiMessage.find(m.id).content == 'said differently' ? 'edited' : 'not edited'
end

def delete(number)
  AiSession.find(number).destroy!
  AiMessage.where(session_id: number).exists? ? 'still there' : 'gone'
end

$stdin.each_line do |line|
  word, *rest = line.strip.split(' ', 3)
  tries = 0
  begin
    tries += 1
    said = send({ 'new' => :fresh }.fetch(word, word), *rest)
  rescue ActiveRecord::PreparedStatementCacheExpired => e # what Rails raises in a transaction after any change of a table: begin it again
    retry if tries < 3
    said = "error: #{e.message}"
  rescue StandardError => e
    said = "error: #{e.class} #{e.message}"
  end
  puts said.to_s.tr("\n", ' ')
end
