//! The names columns go by, in many languages. Own file because it is a list that only grows. Lower case, letters and digits
//! only, without spaces within a name; per target in falling order of trust.

use crate::header::Target;

/// Names per target.
pub(crate) const KNOWN: &[(Target, &str)] = &[
    (
        Target::Text,
        "message text body description request requesttext inquiry enquiry question content details detail \
         issuedescription problemdescription ticketdescription bodytext messagebody messagetext comment \
         comments feedback problem issue complaint note notes remarks actualtext nachricht anfrage \
         beschreibung anliegen mitteilung inhalt frage bemerkung bemerkungen kommentar corps messageclient \
         demande contenu commentaire commentaires mensaje descripcion descripción consulta solicitud texto \
         contenido comentario comentarios messaggio descrizione richiesta testo commento bericht omschrijving \
         aanvraag tekst opmerking opmerkingen vraag mensagem descrição descricao pedido wiadomość wiadomosc \
         opis treść tresc zapytanie meddelande beskrivning beskrivelse besked melding henvendelse viesti \
         kuvaus zpráva popis сообщение описание текст запрос обращение комментарий повідомлення опис mesaj \
         açıklama μήνυμα 内容 本文 メッセージ お問い合わせ内容 説明 消息 描述 留言 正文 메시지 내용",
    ),
    (
        Target::Subject,
        "subject title summary topic headline subjectline ticketsubject issuetitle betreff titel thema \
         überschrift kurzbeschreibung objet sujet titre asunto título titulo oggetto titolo onderwerp assunto \
         temat tytuł tytul ämne amne rubrik emne aihe otsikko předmět тема заголовок konu θέμα 件名 題名 タイトル 主题 \
         标题 主題 제목",
    ),
    (
        Target::Email,
        "email emailaddress mail mailaddress emailid from fromemail replyto mailadresse emailadresse courriel \
         adressemail adresseemail correo correoelectronico correoelectrónico indirizzoemail postaelettronica \
         emailadres mailadres endereçodeemail adresemail epost epostadress epostadresse sähköposti почта \
         электроннаяпочта адресэлектроннойпочты имейл eposta メール メールアドレス 邮箱 电子邮件 電子郵件 이메일",
    ),
    (
        Target::Name,
        "name fullname contactname customername clientname requestername contactperson contact requester \
         reporter sender sendername fromname customer person author namen vollständigername ansprechpartner \
         ansprechpartnerin kunde kundenname absender melder nom nomcomplet nometprenom nombre nombrecompleto \
         nombreyapellidos nome nomecompleto nomeecognome nominativo naam volledigenaam contactpersoon \
         imięinazwisko imieinazwisko namn navn nimi jméno имя фио имяклиента імя adsoyad isim όνομα 名前 氏名 お名前 \
         姓名 名字 이름 성명",
    ),
    (Target::FirstName, "firstname givenname forename vorname prénom prenom voornaam imię förnamn fornavn etunimi 名"),
    (
        Target::LastName,
        "lastname surname familyname nachname familienname nomdefamille apellido apellidos cognome achternaam \
         sobrenome nazwisko efternamn etternavn efternavn sukunimi фамилия 姓",
    ),
    (
        Target::Phone,
        "phone phonenumber telephone tel telephonenumber mobile mobilephone mobilenumber cell cellphone \
         contactnumber telefon telefonnummer telefonnr rufnummer handy handynummer mobil mobilnummer \
         téléphone numérodetéléphone portable teléfono telefono móvil celular cellulare telefoon \
         telefoonnummer telefone telemóvel numertelefonu puhelin телефон номертелефона 電話 電話番号 电话 手机 전화 전화번호",
    ),
    (
        Target::Organisation,
        "organisation organization company companyname business businessname account accountname employer \
         organisationname organizationname firma firmenname unternehmen betrieb société societe entreprise \
         organisme empresa organización organizacion compañía azienda ditta società bedrijf bedrijfsnaam \
         organisatie organização företag foretag virksomhed bedrift yritys společnost компания организация \
         фирма şirket εταιρεία 会社 会社名 公司 单位 회사",
    ),
    (Target::ExternalId, "messageid submissionid responseid"),
];

/// Words before a known name that do not change its meaning.
pub(crate) const QUALIFIERS: &str = "your customer client contact requester reporter sender user from primary work business request ticket issue case ihre ihr kunden votre su uw";
