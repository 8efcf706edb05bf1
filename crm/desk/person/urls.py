from django.urls import path

from crm.desk.person import erasing, task_changing, views

urlpatterns = [
    path("contacts/<int:contact_id>", views.contact_page, name="contact-page"),
    path("contacts/<int:contact_id>/do/<slug:deed>", views.contact_deed, name="contact-deed"),
    path("contacts/<int:contact_id>/edit", views.contact_edit, name="contact-edit"),
    path("contacts/<int:contact_id>/moves/<int:move_id>", views.contact_why, name="contact-why"),
    path("contacts/<int:contact_id>/without/<int:event_id>", views.contact_without, name="contact-without"),
    path("contacts/<int:contact_id>/events/<int:event_id>/retract", views.event_retract, name="event-retract"),
    path("contacts/<int:contact_id>/erase", erasing.contact_erase, name="contact-erase"),
    path("mails/<int:mail_id>/send-again", views.mail_again, name="mail-again"),
    path("mails/<int:mail_id>/take-back", views.mail_take_back, name="mail-take-back"),
    path("tasks/<int:task_id>/done", views.task_done, name="task-done"),
    path("tasks/<int:task_id>/reopen", views.task_reopen, name="task-reopen"),
    path("tasks/<int:task_id>/change", task_changing.task_change, name="task-change"),
    path("tasks/<int:task_id>/restore", task_changing.task_restore, name="task-restore"),
    path("tasks/<int:task_id>/drop", views.task_drop, name="task-drop"),
]
