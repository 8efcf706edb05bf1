from django.urls import path

from crm.desk.today import views

urlpatterns = [
    path("today", views.today, name="today"),
    path("inbox", views.inbox_page, name="inbox"),
    path("inbox/answers", views.answers, name="answers"),
    path("inbox/answers/<slug:name>.csv", views.answers_table, name="answers-table"),
    path("inbox/<int:clock_id>/take", views.answer_take, name="answer-take"),
    path("inbox/<int:clock_id>/give", views.answer_give, name="answer-give"),
    path("inbox/<int:clock_id>/waive", views.answer_waive, name="answer-waive"),
    path("tasks/<int:task_id>/postpone/<int:days>", views.task_postpone, name="task-postpone"),
]
