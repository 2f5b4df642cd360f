# A Django application: models, their migrations made and run by Django, rows by its ORM. Django writes every value itself: its columns have no defaults.
import os, sys, time, uuid

sys.path.insert(0, os.environ['APP_DIR'])
os.makedirs(os.environ['APP_DIR'] + '/chat/migrations', exist_ok=True)
for name in 'chat/__init__.py', 'chat/migrations/__init__.py':
    open(os.environ['APP_DIR'] + '/' + name, 'a').close()
with open(os.environ['APP_DIR'] + '/chat/models.py', 'w') as f:
    f.write('''
import uuid
from django.conf import settings
from django.db import models

class AiSession(models.Model):
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

class AiMessage(models.Model):
    session = models.ForeignKey(AiSession, on_delete=models.CASCADE, related_name='messages')
    role = models.CharField(max_length=20, choices=[('user', 'User'), ('assistant', 'Assistant')])
    content = models.TextField(blank=True)
    processing_status = models.CharField(max_length=20, default='completed', db_index=True)
    processing_error = models.TextField(blank=True)
    tokens_prompt = models.PositiveIntegerField(default=0)
    metadata = models.JSONField(default=dict)
    tags = models.CharField(max_length=50, blank=True)
    is_hidden = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ['id']
        indexes = [models.Index(fields=['session', '-created_at'])]
        constraints = [models.CheckConstraint(check=models.Q(role__in=['user', 'assistant', 'system']), name='a_known_role')]

class Feedback(models.Model):
    message = models.ForeignKey(AiMessage, on_delete=models.CASCADE)
    stars = models.SmallIntegerField()
''')

import django
from django.conf import settings

settings.configure(INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth', 'chat'], USE_TZ=True, SECRET_KEY='x',
                   DEFAULT_AUTO_FIELD=os.environ.get('APP_KEYS', 'django.db.models.AutoField'),
                   DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'signalbox', 'USER': 'app', 'HOST': os.environ['APP_HOST'], 'PORT': '5432'}})
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from chat.models import AiMessage, AiSession, Feedback


def make():
    call_command('makemigrations', 'chat', verbosity=0)
    call_command('migrate', verbosity=0)
    for name in 'ann', 'ben', 'zoe':
        User.objects.create(username=name)
    s = AiSession.objects.create(user=User.objects.get(username='ann'))
    for status in 'completed', 'queued', 'failed':
        m = s.messages.create(role='user', content='old question')
        s.messages.create(role='assistant', content='old answer', processing_status=status, metadata={'of': m.id}, tokens_prompt=9)
    Feedback.objects.create(message=m, stars=5)
    return 'made'


def rows():
    return AiMessage.objects.select_related('session__user').count()


@transaction.atomic
def new(name):
    s = AiSession.objects.create(user=User.objects.get(username=name))
    m = s.messages.create(role='user', content='secret of ' + name)
    m.refresh_from_db()
    assert m.content == 'secret of ' + name and m.metadata == {} and abs(timezone.now() - m.created_at).total_seconds() < 60
    return s.id


def answer(**which):
    for _ in range(300):
        m = AiMessage.objects.get(**which)
        if m.processing_status not in ('pending', 'queued', 'processing'):
            break
        time.sleep(0.1)
    assert m.processing_status == 'completed' and m.is_hidden is False and m.metadata == {}, m.processing_status
    return m.content


def tell(number, text):
    with transaction.atomic(), connection.cursor() as c:
        c.execute('select message_id from signalbox.dispatch(%s, %s, session => %s)', ['luna', text, AiSession.objects.get(id=number).uuid])
        told = c.fetchone()[0]
        c.execute('select id from chat_aimessage where uuid = %s', [told])
        number = c.fetchone()[0]
    return answer(id=number)


@transaction.atomic
def write(number, text):
    s = AiSession.objects.select_for_update().get(id=number)
    s.messages.create(role='user', content=text)
    return s.messages.create(role='assistant', processing_status='queued').id


def direct(number, text):
    return answer(id=write(number, text))


def edit(number):
    m = AiSession.objects.get(id=number).messages.filter(role='user').first()
    m.content = 'said differently'
    m.save()
    m.feedback_set.create(stars=1)
    return 'edited' if AiMessage.objects.filter(id=m.id, content='said differently', updated_at__gt=m.created_at).exists() else 'not edited'


def delete(number):
    AiSession.objects.get(id=number).delete()
    return 'still there' if AiMessage.objects.filter(session_id=number).exists() else 'gone'


for line in sys.stdin:
    word, *rest = line.strip().split(' ', 2)
    try:
        said = {'make': make, 'rows': rows, 'new': new, 'tell': tell, 'direct': direct, 'edit': edit, 'delete': delete}[word](*rest)
    except Exception as e:
        said = 'error: %r' % e
    print(str(said).replace('\n', ' '), flush=True)
