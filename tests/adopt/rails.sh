#!/bin/bash
# Why: a Rails application's tables as its migrations make them: updated_at without a default, a partial index, checks; and sessions without a uuid. Rails asks the
# database which column is the key, and finds none in a view.
. "$(dirname "$0")/../lib/app.sh"
plan 23
ruby -e 'require "active_record"; require "pg"' 2>/dev/null || skip_all "rails: ruby-activerecord and ruby-pg are not installed"
trap finish EXIT
app_db
app_up ruby tests/adopt/rails.rb
is "it makes its tables" made "$(ask make)"
life public.ai_messages
is "a new process finds the key" id "$(ruby -e 'require "active_record"; ActiveRecord::Base.establish_connection(adapter: "postgresql", host: ENV["APP_HOST"], database: "signalbox", username: "app")
	class AiMessage < ActiveRecord::Base; end
	puts AiMessage.primary_key' 2>&1)"
finish
