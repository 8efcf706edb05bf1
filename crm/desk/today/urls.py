from django.urls import path

from crm.desk.today import api, bell_views, calendar_views, giving, hours, views, week_views
from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

urlpatterns = [
    path("today", views.today, name="today"),
    path("today/seen", views.today_seen, name="today-seen"),
    path("inbox", views.inbox_page, name="inbox"),
    path("inbox/answers", views.answers, name="answers"),
    path("inbox/answers/corner", views.answers_corner, name="answers-corner"),
    path("inbox/answers/<slug:name>.csv", views.answers_table, name="answers-table"),
    path("inbox/<int:clock_id>/take", views.answer_take, name="answer-take"),
    path("inbox/<int:clock_id>/give", views.answer_give, name="answer-give"),
    path("inbox/<int:clock_id>/restore", views.answer_restore, name="answer-restore"),
    path("inbox/<int:clock_id>/waive", views.answer_waive, name="answer-waive"),
    path("tasks/<int:task_id>/postpone/<int:days>", views.task_postpone, name="task-postpone"),
    path("tasks", week_views.task_week, name="tasks"),
    path("tasks/many", week_views.task_many, name="tasks-many"),
    path("tasks/many/restore", week_views.tasks_restore, name="tasks-restore"),
    path("settings/calendar", calendar_views.calendar_make, name="calendar-make"),
    path("settings/calendar/drop", calendar_views.calendar_drop, name="calendar-drop"),
    path("notices", bell_views.notice_list, name="notices"),
    path("notices/bell", bell_views.bell, name="bell"),
    path("notices/read", bell_views.notices_read, name="notices-read"),
    path("notices/<int:notice_id>/open", bell_views.notice_open, name="notice-open"),
    path("settings/hours", hours.hours, name="hours"),
    path("settings/hours/<int:team_id>", hours.hours, name="hours"),
    path("settings/hours/<int:team_id>/drop", hours.hours_drop, name="hours-drop"),
    path("settings/assignment", giving.assignment, name="assignment"),
    path("settings/assignment/<int:rule_id>/drop", giving.assignment_rule_drop, name="assignment-rule-drop"),
    path("settings/assignment/given/<int:assignment_id>/undo", giving.assignment_undo, name="assignment-undo"),
]
programs = [
    path("answers", endpoint(GET=api.answer_list)),
    path("answers/figures", endpoint(GET=api.answer_figures)),
    path("answers/<row:clock_id>/holder", endpoint(PUT=api.answer_give)),
    path("answers/<row:clock_id>/waive", endpoint(POST=api.answer_waive)),
    path("work-hours", endpoint(GET=api.hours_read, PUT=api.hours_set)),
    path("work-hours/<row:team_id>", endpoint(GET=api.team_hours_read, PUT=api.team_hours_set, DELETE=api.hours_drop)),
    path("public-holidays/<str:country>/<int:year>", endpoint(GET=api.public_holiday_list)),
    path("assignment-rules", endpoint(GET=api.rule_list, POST=api.rule_add)),
    path("assignment-rules/<row:rule_id>", endpoint(PATCH=api.rule_change, DELETE=api.rule_drop)),
    path("assignments", endpoint(GET=api.assignment_list)),
    path("assignments/<row:assignment_id>/undo", endpoint(POST=api.assignment_undo)),
]
