# What tests find in a fresh Redmine: its default data, a project `pilot` and one, `other`, in which notes cannot be private, an
# account for each kind of rights, and their keys. Runs inside the application, once.
require File.expand_path('config/environment', Dir.pwd)
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.connection.migration_context.migrate
ActiveRecord::Base.connection.schema_cache.clear!
ActiveRecord::Base.descendants.each(&:reset_column_information)
Redmine::DefaultData::Loader.load('en')
Setting.rest_api_enabled = '1'
Setting.login_required = '1'
Setting.default_language = 'en'

writes = %i[view_issues add_issues edit_issues add_issue_notes set_notes_private edit_own_issue_notes]
rights = {
  'writer' => writes,
  'remover' => writes + %i[delete_issues manage_subtasks],
  'public' => writes - %i[set_notes_private],
  'client' => %i[view_issues],
  'agent' => writes + %i[delete_issues manage_subtasks view_private_notes edit_issue_notes]
}
roles = rights.to_h do |name, permissions|
  role = Role.create!(name: "#{name} of tests", permissions: permissions)
  Tracker.all.each do |tracker|
    IssueStatus.all.to_a.permutation(2) do |before, after|
      WorkflowTransition.create!(role_id: role.id, tracker_id: tracker.id, old_status_id: before.id, new_status_id: after.id)
    end
  end
  [name, role]
end

projects = %w[pilot other].to_h do |name|
  project = Project.create!(name: name, identifier: name, is_public: false, enabled_module_names: %w[issue_tracking], trackers: Tracker.all)
  [name, project]
end

key = lambda do |user, digit|
  { 'api' => digit * 40, 'feeds' => "f#{digit * 39}" }.each do |action, value|
    Token.where(user: user, action: action).delete_all
    Token.create!(user: user, action: action).update_column(:value, value)
  end
end
rights.keys.each_with_index do |name, index|
  user = User.new(firstname: name, lastname: 'Test', mail: "#{name}@pilot.test", language: 'en', status: 1)
  user.login = name
  user.password = user.password_confirmation = 'open-sesame-71'
  user.save!
  Member.create!(user: user, project: projects['pilot'], roles: [roles[name]])
  Member.create!(user: user, project: projects['other'], roles: [roles['public']]) if name == 'writer'
  key.call(user, (index + 1).to_s)
end
admin = User.find_by(login: 'admin')
admin.must_change_passwd = false
admin.save!
key.call(admin, 'a')

# On SQLite Redmine's migrations lose that no number is given twice, which holds on its other databases: an issue that a test deletes would
# seem to be there again as soon as a test beside it makes one.
database = ActiveRecord::Base.connection
database.execute('PRAGMA writable_schema = ON')
database.execute(%q{UPDATE sqlite_master SET sql = replace(sql, '"id" integer NOT NULL PRIMARY KEY', '"id" integer PRIMARY KEY AUTOINCREMENT NOT NULL') WHERE name = 'issues'})
database.execute('PRAGMA writable_schema = OFF')
